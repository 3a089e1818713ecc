//! Terminal output: results on standard output, remarks on standard error. Failures to write are ignored,
//! because a closed pipe must not cause a panic.

use std::io::Write as _;

/// Writes a piece of the result without a line break and flushes it.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).ok();
}

/// Writes one line of the result.
pub(crate) fn line(text: &str) {
    out(&format!("{text}\n"));
}

/// Writes a remark to standard error, with the prefix that the scripts use.
pub(crate) fn remark(text: &str) {
    problem(&format!(":: {text}"));
}

/// Writes a line to standard error.
pub(crate) fn problem(text: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{text}").ok();
}
