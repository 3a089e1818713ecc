//! Distinguishes emphasis from stars and underscores that CommonMark would mistake for it.

use super::syntax::is_unspaced_script;

/// Names with double underscores that answers about Python write without backticks.
const PYTHON_NAMES: [&str; 14] = [
    "init", "main", "name", "str", "repr", "call", "len", "eq", "hash", "iter", "next", "enter", "exit",
    "dict",
];

/// Returns whether the delimiter run at `at` may open emphasis. Inside a product, a path or a name it may
/// not.
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

/// How many bytes on each side of a star are searched for the ends of the pattern around it.
const LONGEST_PATTERN: usize = 200;

/// Returns whether the stars at `at` are wildcards of a pattern for file names: `*.log`, `test_*.py`,
/// `src/**/*.rs`.
pub(super) fn is_wildcard(source: &str, at: usize) -> bool {
    let (before, rest) = source.split_at(at);
    let before = &before[before.ceil_char_boundary(before.len().saturating_sub(LONGEST_PATTERN))..];
    let rest = &rest[..rest.floor_char_boundary(LONGEST_PATTERN)];
    let begin =
        before.rfind(is_border).map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    let word = &rest[..rest.find(is_border).unwrap_or(rest.len())];
    let head = &before[begin..];
    let run = word.bytes().take_while(|&byte| byte == b'*').count();
    let is_mark = |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?');
    if run == 1 && head.is_empty() && word.len() > 1 && word[1..].chars().all(is_mark) {
        // A star of its own before a comma.
        return true;
    }
    let begins = head.is_empty() && word.contains("*.") || matches!(head, "*." | "*/");
    if run > 2 || !(begins || word[run..].starts_with(['.', '/'])) {
        return false;
    }
    let whole = format!("{head}{word}");
    let core = whole.trim_end_matches(is_mark);
    let (core, place) = peeled(core, head.len());
    let Some(place) = place.filter(|&place| place + run <= core.len()) else { return false };
    let (head, tail) = (&core[..place], &core[place + run..]);
    let extension = |text: &str| {
        let name = text.strip_prefix('.').unwrap_or_default();
        name.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '*' | '{'))
    };
    let last = head.chars().next_back();
    match (run, last) {
        (1, None | Some('/' | '\\' | '_' | '-' | '.' | '}')) | (2, Some('/')) if extension(tail) => true,
        (1, Some('.' | '/')) if tail.is_empty() => matches!(head, "*." | "*/"),
        // `*test*.py`
        (1, None) if is_extended(tail) => true,
        (1, Some(c)) if c.is_alphanumeric() => head.starts_with('*') && is_extended(&core[1..]),
        (_, Some('/')) => tail.starts_with('/'),
        (_, None) => tail.starts_with("/*") || tail.starts_with('/') && !closes(&rest[run..], run),
        _ => false,
    }
}

/// Returns the word without the emphasis around it, and the position of its byte `at` afterwards. The
/// position is `None` if that byte is part of the emphasis.
fn peeled(word: &str, at: usize) -> (&str, Option<usize>) {
    let stars = word.bytes().take_while(|&byte| byte == b'*').count();
    let inner = word.trim_matches('*');
    let behind = word.len() - word.trim_end_matches('*').len();
    let shown = inner.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '~' | '_'))
        && inner.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '}' | '_'))
        && inner.contains(char::is_alphanumeric);
    if stars == 0 || stars != behind || !shown {
        return (word, Some(at));
    }
    (inner, at.checked_sub(stars).filter(|&at| at < inner.len()))
}

/// Returns whether a star within a word is followed by a file extension and nothing else: `test*.py`.
fn is_extended(text: &str) -> bool {
    text.split_once("*.").is_some_and(|(name, extension)| {
        let short = (1..=5).contains(&extension.len());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        short && extension.bytes().all(plain) && !name.contains('*')
    })
}

/// Returns whether emphasis that begins before `rest` with `run` stars ends on the same line.
fn closes(rest: &str, run: usize) -> bool {
    let line = rest.split('\n').next().unwrap_or_default();
    let mut at = 0;
    while let Some(found) = line[at..].find('*').map(|found| found + at) {
        let length = line[found..].bytes().take_while(|&byte| byte == b'*').count();
        let ends = |c: char| !c.is_whitespace() && c != '/';
        let after = &line[found + length..];
        if length == run && line[..found].ends_with(ends) && !after.starts_with(['/', '.']) {
            return true;
        }
        at = found + length;
    }
    false
}

/// Returns whether a character may precede or follow a pattern.
fn is_border(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '<' | '>' | '|' | '«' | '»' | '“' | '”')
}
