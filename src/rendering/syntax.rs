//! Classifies single lines of Markdown for `segments` and `shield`, before the parser runs. Follows
//! CommonMark; comments mark where it is more lenient.

/// The white space of Markdown. Other spaces are text to the parser, so `trim` would see a structure that the
/// parser does not.
pub(super) const BLANKS: [char; 3] = [' ', '\t', '\n'];

/// An open code fence, closed by a line of the same sign and at least the same length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    sign: char,
    length: usize,
    /// Columns before the fence; up to that many are removed from each line of code.
    pub(super) indent: usize,
    /// First word behind the fence.
    pub(super) language: Option<String>,
}

impl Fence {
    /// Returns the fence that `line` opens, indented by any number of columns.
    pub(super) fn open(line: &str) -> Option<Self> {
        let content = line.trim_start_matches(BLANKS);
        let sign = content.chars().next().filter(|&c| c == '`' || c == '~')?;
        let length = content.chars().take_while(|&c| c == sign).count();
        let info = content[length..].trim_matches(BLANKS);
        if length < 3 || (sign == '`' && info.contains('`')) {
            return None;
        }
        Some(Self { sign, length, indent: indent_width(line), language: language(info) })
    }

    /// Returns the fence that `line` opens behind any list markers, which count as indentation.
    pub(super) fn open_anywhere(line: &str) -> Option<Self> {
        let content = unmarked(line);
        let fence = Self::open(content)?;
        Some(Self { indent: fence.indent + line.len() - content.len(), ..fence })
    }

    /// Returns whether `line` closes this fence.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        let content = line.trim_matches(BLANKS);
        content.chars().all(|c| c == self.sign) && content.len() >= self.length
    }

    /// Returns whether `line`, which is still growing, may become the end of this fence.
    pub(super) fn may_be_closed_by(&self, line: &str) -> bool {
        let content = line.trim_matches(BLANKS);
        !content.is_empty() && content.chars().all(|c| c == self.sign)
    }

    /// Returns `line` without the columns by which the fence itself is indented.
    pub(super) fn strip<'a>(&self, line: &'a str) -> &'a str {
        let spaces = line.bytes().take_while(|&byte| byte == b' ').count();
        &line[spaces.min(self.indent)..]
    }
}

/// Returns the language of an info string: its first word without attributes such as `,ignore` or `{.x}`.
pub(super) fn language(info: &str) -> Option<String> {
    let word = info.split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | ':')).next()?;
    (!word.is_empty()).then(|| word.to_owned())
}

/// The marker before a list item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker {
    /// The written number of an ordered item.
    pub(super) number: Option<u64>,
    /// Length in bytes of the marker with one space.
    pub(super) width: usize,
    /// Whether the line has no text behind the marker.
    pub(super) empty: bool,
}

impl Marker {
    /// Returns the marker that `line` starts with. Leading white space is not allowed.
    pub(super) fn of(line: &str) -> Option<Self> {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let signs: &[char] = if digits == 0 { &['-', '*', '+'] } else { &['.', ')'] };
        let after = line[digits..].strip_prefix(signs)?;
        let empty = is_blank(after);
        if digits > 9 || !(empty || after.starts_with([' ', '\t'])) || is_rule(line) {
            return None;
        }
        let number = if digits == 0 { None } else { line[..digits].parse().ok() };
        Some(Self { number, width: (digits + 2).min(line.len()), empty })
    }
}

/// Returns the line without the list markers before it.
pub(super) fn unmarked(line: &str) -> &str {
    let mut content = line;
    while let Some(marker) = Marker::of(content.trim_start_matches(BLANKS)) {
        content = &content.trim_start_matches(BLANKS)[marker.width..];
    }
    content
}

/// Returns the columns of white space before the text; a tab reaches to the next multiple of four.
pub(super) fn indent_width(line: &str) -> usize {
    line.bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .fold(0, |column, byte| if byte == b'\t' { (column / 4 + 1) * 4 } else { column + 1 })
}

/// Returns whether the line has no visible text.
pub(super) fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
}

/// Returns whether the line is a heading with `#` signs.
pub(super) fn is_heading(line: &str) -> bool {
    let content = line.trim_start_matches(BLANKS);
    let level = content.bytes().take_while(|&byte| byte == b'#').count();
    (1..=6).contains(&level) && (content.len() == level || content[level..].starts_with([' ', '\t']))
}

/// Returns whether the line is a thematic break.
pub(super) fn is_rule(line: &str) -> bool {
    let mut signs = line.chars().filter(|c| !BLANKS.contains(c));
    let Some(first) = signs.next().filter(|c| matches!(c, '-' | '*' | '_')) else { return false };
    signs.clone().all(|c| c == first) && signs.count() >= 2
}

/// Returns whether the line starts the definition of a footnote.
pub(super) fn is_footnote(line: &str) -> bool {
    line.trim_start_matches(BLANKS)
        .strip_prefix("[^")
        .and_then(|rest| rest.split_once("]:"))
        .is_some_and(|(label, _)| is_footnote_label(label))
}

/// Returns whether the text between `[^` and `]` names a footnote.
pub(super) fn is_footnote_label(label: &str) -> bool {
    (1..=32).contains(&label.len()) && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Returns whether the character belongs to a script without spaces, where emphasis inside a word is common.
pub(super) fn is_unspaced_script(c: char) -> bool {
    matches!(
        u32::from(c),
        0x0e00..=0x0eff | 0x2e80..=0xa4cf | 0xac00..=0xd7af | 0xf900..=0xfaff | 0xff00..=0xffef | 0x20000..=0x3fffd
    )
}

/// Returns the line without the signs of block quotes before it.
pub(super) fn unquoted(line: &str) -> &str {
    let mut content = line;
    while indent_width(content) < 4 {
        let Some(rest) = content.trim_start_matches(' ').strip_prefix('>') else { break };
        content = rest.strip_prefix(' ').unwrap_or(rest);
    }
    content
}

#[cfg(test)]
mod tests;
