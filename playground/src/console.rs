//! What the person at the terminal sees: results on standard output, remarks on standard error.
//! A closed pipe is not worth a panic, so failures to write are ignored.

use std::io::Write as _;

/// Writes a piece of the result as it is, at once.
pub fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).ok();
}

/// Writes one line of the result.
pub fn line(text: &str) {
    out(&format!("{text}\n"));
}

/// Writes a remark that is not part of the result, marked like those of the scripts.
pub fn remark(text: &str) {
    problem(&format!(":: {text}"));
}

/// Writes a line to standard error.
pub fn problem(text: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{text}").ok();
}
