//! Tells emphasis from stars and underscores that only look like it to CommonMark.

use super::syntax::is_unspaced_script;

/// Names with double underscores that answers about Python write without backticks.
const PYTHON_NAMES: [&str; 14] = [
    "init", "main", "name", "str", "repr", "call", "len", "eq", "hash", "iter", "next", "enter", "exit",
    "dict",
];

/// Whether the delimiter run at `at` may open emphasis: not inside a product, a path or a name.
pub(super) fn opens_emphasis(source: &str, at: usize, sign: char) -> bool {
    let before = source[..at].trim_end_matches(sign).chars().next_back();
    let inner = source[at..].trim_start_matches(sign);
    let after = inner.chars().next();
    let Some(before) = before else { return sign != '_' || !is_python_name(source, at) };
    match sign {
        '*' => {
            let tight = (before.is_alphanumeric() && !is_unspaced_script(before))
                || matches!(before, ')' | ']' | '}');
            let word = after.is_some_and(|c| c.is_alphanumeric() && !is_unspaced_script(c));
            !(tight && word)
        }
        '_' => {
            let free = before.is_whitespace()
                || is_unspaced_script(before)
                || "([{<\"'“”‘’«„–—-*~>|,;:!?…".contains(before);
            free && !is_python_name(source, at)
        }
        _ => true,
    }
}

fn is_python_name(source: &str, at: usize) -> bool {
    let inner = source[at..].strip_prefix("__").unwrap_or_default();
    inner.split_once("__").is_some_and(|(name, _)| PYTHON_NAMES.contains(&name))
}
