//! Recognition of Windows paths, in which backslashes are not escapes.

use super::Scanner;

/// Longest path, in bytes.
const LONGEST_PATH: usize = 300;

impl Scanner<'_> {
    /// Returns the length of the rest of a path if the backslash at the cursor is a separator in one: behind
    /// a drive (`C:\*.txt`), before the name of a server (`\\server\share`) or between two names
    /// (`src\lib\*.txt`).
    pub(super) fn path(&self) -> Option<usize> {
        let line = self.line_before();
        let line = &line[line.ceil_char_boundary(line.len().saturating_sub(LONGEST_PATH))..];
        let start =
            line.rfind(is_border).map_or(0, |at| at + line[at..].chars().next().map_or(0, char::len_utf8));
        let before = &line[start..];
        let rest = &self.rest()[1..];
        let drive = before
            .strip_suffix(':')
            .is_some_and(|drive| drive.len() == 1 && drive.bytes().all(|byte| byte.is_ascii_alphabetic()));
        let name = |text: &str| text.starts_with(|c: char| c.is_alphanumeric());
        let server = before.is_empty()
            && rest.strip_prefix('\\').is_some_and(|rest| {
                let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '.' | '_' | '$'));
                name(rest) && end.is_some_and(|end| rest[end..].starts_with('\\'))
            });
        let between =
            before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '%' | ')' | '.' | '_' | '-'));
        // `\(` and `\[` begin formulas even inside a path.
        let visible = rest.starts_with(|c: char| !c.is_whitespace() && !is_border(c));
        if !(drive && visible || server || between && name(rest)) {
            return None;
        }
        let limit = rest.floor_char_boundary(LONGEST_PATH);
        let end = rest[..limit].find(is_border).unwrap_or(limit);
        let path = &rest[..end];
        // Trailing signs belong to the text around the path.
        let mut kept = path.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '*', '_', '~']).len();
        let stars = path[kept..].bytes().take_while(|&byte| byte == b'*').count();
        let after_separator = kept == 0 || path[..kept].ends_with(['\\', '/']);
        if after_separator && stars == 1 {
            // `C:\temp\*.*`
            kept += if path[kept..].starts_with("*.*") { 3 } else { 1 };
        }
        (kept > 0 || drive).then_some(1 + kept)
    }
}

/// Returns whether a character may precede or follow a path.
fn is_border(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '|' | '(' | '[' | '«' | '»' | '“' | '”')
}
