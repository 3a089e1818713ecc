//! The end of a growing paragraph: finds unfinished links and formulas, and the emphasis and code that are
//! still open. Only `mend` uses it. It approximates the parser, for display only.

use super::emphasis::{is_wildcard, opens_emphasis};
use super::html::{self, Element};
use super::math;

/// Longest bracketed text that is held back because it may become a link.
const LONGEST_HELD_LINK: usize = 200;

/// Longest formula between single dollars that is held back until it is complete.
const LONGEST_HELD_FORMULA: usize = 40;

/// Longest beginning of a character reference (`&copy`) that is held back.
const LONGEST_REFERENCE: usize = 8;

/// How to display the end of a paragraph.
pub(super) enum End {
    Plain,
    /// Hold back everything from this position on.
    Hold(usize),
    /// Show only the text of the unfinished link.
    Unwrap {
        open: usize,
        text_end: usize,
    },
}

/// A paragraph that is still growing.
pub(super) struct Inline<'a> {
    text: &'a str,
}

impl<'a> Inline<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// Returns the end of the code span or formula that begins at `at`, or `Err` if it is still open.
    fn skip(&self, at: usize) -> Result<Option<usize>, &'static str> {
        let rest = &self.text[at..];
        let closing = |opening: &str, closing: &'static str| {
            let inner = rest[opening.len()..].find(closing).ok_or(closing)?;
            Ok(Some(at + opening.len() + inner + closing.len()))
        };
        match rest.as_bytes()[0] {
            b'\\' if rest.starts_with("\\(") => closing("\\(", "\\)"),
            b'\\' if rest.starts_with("\\[") => closing("\\[", "\\]"),
            b'\\' => Ok(Some(at + 1 + rest[1..].chars().next().map_or(0, char::len_utf8))),
            b'$' if rest.starts_with("$$") => closing("$$", "$$"),
            _ => Ok(None),
        }
    }

    /// Finds an unfinished formula, link, address or character reference.
    pub(super) fn unfinished(&self) -> End {
        let mut at = 0;
        while at < self.text.len() {
            let rest = &self.text[at..];
            let next = rest.chars().next().unwrap_or(' ');
            if next == '`' {
                at = self.code_end(at).unwrap_or(self.text.len());
                continue;
            }
            let Ok(skipped) = self.skip(at) else { return End::Hold(at) };
            at = match (skipped, next) {
                (Some(end), _) => end,
                (None, '[') => match self.link(at) {
                    End::Plain => at + 1,
                    end => return end,
                },
                (None, '$') => match self.dollar(at) {
                    Some(end) => end,
                    None => return End::Hold(at),
                },
                (None, '<') if html::may_become_tag(rest) => return End::Hold(at),
                (None, '<') if rest.starts_with("<http") && !rest.contains(['>', ' ', '\n']) => {
                    return End::Hold(at);
                }
                _ => at + next.len_utf8(),
            };
        }
        let held = self
            .text
            .trim_end_matches('\\')
            .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
        match held.strip_suffix('&') {
            Some(before) if self.text.len() - before.len() <= LONGEST_REFERENCE => End::Hold(before.len()),
            _ if self.text.ends_with('\\') => End::Hold(self.text.trim_end_matches('\\').len()),
            _ => End::Plain,
        }
    }

    /// Returns the end of the formula, or of the sign itself, or `None` if the dollar may begin a formula.
    fn dollar(&self, at: usize) -> Option<usize> {
        let rest = &self.text[at + 1..];
        let before = self.text[..at].chars().next_back();
        if let Some(length) = math::dollar_formula(before, rest) {
            return Some(at + length + 2);
        }
        let begins = rest.is_empty() || rest.starts_with(|c: char| c.is_alphabetic() || c == '\\');
        let free = !before.is_some_and(char::is_alphanumeric);
        let held = begins && free && rest.len() <= LONGEST_HELD_FORMULA && !rest.contains(['$', '\n']);
        (!held).then_some(at + 1)
    }

    fn link(&self, open: usize) -> End {
        let rest = &self.text[open..];
        let image = usize::from(self.text[..open].ends_with('!'));
        let Some(close) = balanced(rest, '[', ']') else {
            let held = rest.len() <= LONGEST_HELD_LINK && !rest.contains('\n');
            return if held { End::Hold(open - image) } else { End::Plain };
        };
        let after = &rest[close + 1..];
        if after.is_empty() {
            return End::Hold(open - image);
        }
        let unfinished =
            after.starts_with('(') && !after.contains('\n') && balanced(after, '(', ')').is_none();
        if unfinished { End::Unwrap { open, text_end: open + close } } else { End::Plain }
    }

    /// Returns the end of the code span that begins at `at`, or `None` if it is still open.
    fn code_end(&self, at: usize) -> Option<usize> {
        let run = self.run(at);
        let mut from = at + run;
        while let Some(start) = self.text[from..].find('`').map(|found| found + from) {
            let length = self.run(start);
            if length == run {
                return Some(start + length);
            }
            from = start + length;
        }
        None
    }

    /// Returns the length of the run of equal signs at `at`.
    fn run(&self, at: usize) -> usize {
        let sign = self.text.as_bytes()[at];
        self.text[at..].bytes().take_while(|&byte| byte == sign).count()
    }

    /// Returns how many bytes of the text to show, and the signs that close what is open in them.
    pub(super) fn closers(&self) -> (usize, String) {
        let mut open: Vec<&str> = Vec::new();
        let mut shown = self.text.len();
        let mut at = 0;
        while at < self.text.len() {
            let c = self.text[at..].chars().next().unwrap_or(' ');
            match c {
                '`' => {
                    let Some(end) = self.code_end(at) else {
                        let run = self.run(at);
                        shown = at;
                        if at + run < self.text.len() {
                            shown = self.unticked(run);
                            open.push(&self.text[at..at + run]);
                        }
                        break;
                    };
                    at = end;
                }
                '*' | '_' | '~' | '|' => {
                    let run = self.run(at);
                    let last = at + run == self.text.len();
                    if !self.delimiter(&mut open, at, run) && last {
                        shown = at;
                    }
                    at += run;
                }
                '<' => at += self.tag(&mut open, at),
                '\n' => {
                    // HTML elements end on the line on which they begin.
                    open.retain(|closer| !closer.starts_with('<'));
                    at += 1;
                }
                _ => at = self.skip(at).ok().flatten().unwrap_or(at + c.len_utf8()),
            }
        }
        let shown = self.text[..shown].trim_end().len();
        (shown, open.into_iter().rev().collect())
    }

    /// Opens or closes an HTML element. Returns the number of bytes to skip, even if they are not a tag.
    fn tag(&self, open: &mut Vec<&'a str>, at: usize) -> usize {
        let Some(tag) = html::tag(&self.text[at..]) else { return 1 };
        let in_word = self.text[..at].ends_with(char::is_alphanumeric);
        if tag.closes {
            if let Some(at) = open.iter().rposition(|closer| *closer == tag.closer) {
                open.remove(at);
            }
        } else {
            match tag.element {
                Element::Break | Element::Details => {}
                // `Vec<b>`
                Element::Style(_) | Element::Code | Element::Summary if in_word => {}
                _ => open.push(tag.closer),
            }
        }
        tag.length
    }

    /// Returns how much of the text to show without the trailing backticks that may begin the closing run.
    fn unticked(&self, run: usize) -> usize {
        let end = self.text.trim_end_matches('`').len();
        if self.text.len() - end < run { end } else { self.text.len() }
    }

    /// Opens or closes emphasis with the run at `at`. Returns `false` if the run does neither so far.
    fn delimiter(&self, open: &mut Vec<&'a str>, at: usize, run: usize) -> bool {
        let sign = &self.text[at..=at];
        let before = self.text[..at].chars().next_back();
        let after = self.text[at + run..].chars().next();
        if run > 3 || (matches!(sign, "|" | "~") && run != 2) {
            return after.is_some();
        }
        if sign == "*" && is_wildcard(self.text, at) {
            return true;
        }
        let mut left = run;
        if before.is_some_and(|c| !c.is_whitespace()) {
            while let Some(top) = open.last().filter(|top| top.starts_with(sign) && top.len() <= left) {
                left -= top.len();
                open.pop();
            }
        }
        let sign = if sign == "_" { '_' } else { '*' };
        if left == run && opens_emphasis(self.text, at, sign) && after.is_some_and(|c| !c.is_whitespace()) {
            open.push(&self.text[at..at + run]);
            return true;
        }
        left == 0
    }
}

/// Returns the position at which the bracket that `text` begins with is closed.
fn balanced(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}
