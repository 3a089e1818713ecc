//! The end of a growing text: completes or holds back markup that is not finished, so that what is
//! shown is, as far as can be known, the beginning of what will be shown in the end. Never used for
//! a finished text.

use super::syntax::{Fence, is_blank, unquoted};

/// Longest bracketed text that is held back because it may become a link.
const LONGEST_HELD_LINK: usize = 200;

/// The open piece with its last paragraph tidied up.
pub(super) fn mend(source: &str) -> String {
    if has_open_fence(source) {
        return source.to_owned();
    }
    let mut text = source.trim_end().to_owned();
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    if is_bare_marker(&text[line..]) {
        text.truncate(text[..line].trim_end().len());
    }
    let paragraph = last_paragraph(&text);
    let lines = text[paragraph..].lines().count();
    if lines == 1
        && unquoted(&text[paragraph..]).trim_start().starts_with('|')
        && !text[paragraph..].contains("||")
    {
        // The first line of a table looks like one only when the second has come.
        text.truncate(text[..paragraph].trim_end().len());
        return text;
    }
    let end = Inline::new(&text[paragraph..]).read();
    match end {
        End::Hold(at) => text.truncate(paragraph + at),
        End::Unwrap { open, text_end } => {
            let inner = text[paragraph + open + 1..paragraph + text_end].to_owned();
            text.truncate(paragraph + open);
            if text.ends_with('!') {
                text.pop();
            }
            text.push_str(&inner);
        }
        End::Plain => {}
    }
    let trimmed = text.trim_end().len();
    text.truncate(trimmed);
    let paragraph = paragraph.min(text.len());
    let closers = Inline::new(&text[paragraph..]).closers();
    text.truncate(paragraph + closers.0);
    text.push_str(&closers.1);
    text
}

fn has_open_fence(source: &str) -> bool {
    let mut open: Option<Fence> = None;
    for line in source.lines().map(unquoted) {
        open = match open {
            Some(fence) if fence.is_closed_by(line) => None,
            Some(fence) => Some(fence),
            None => Fence::open_anywhere(line),
        };
    }
    open.is_some()
}

/// A line that may become a heading, an item, a rule, a quote or a fence, but says nothing yet.
fn is_bare_marker(line: &str) -> bool {
    let content = line.trim();
    let number = content.trim_end_matches(['.', ')']);
    let digits = !number.is_empty() && number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    digits || content.chars().all(|c| "#-=*+_>|`~ ".contains(c))
}

/// Where the last paragraph begins.
fn last_paragraph(text: &str) -> usize {
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if is_blank(unquoted(line)) {
            start = at;
        }
    }
    start.min(text.len())
}

/// What to do with the end of a paragraph.
enum End {
    Plain,
    /// Hold back everything from here on.
    Hold(usize),
    /// Show the text of the unfinished link alone.
    Unwrap {
        open: usize,
        text_end: usize,
    },
}

struct Inline<'a> {
    text: &'a str,
}

impl<'a> Inline<'a> {
    fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// The end of the code span or formula that begins at `at`, or `Err` if it is still open.
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

    /// Finds an unfinished formula or link.
    fn read(&self) -> End {
        let mut at = 0;
        while at < self.text.len() {
            let rest = &self.text[at..];
            if rest.starts_with('`') {
                at = self.code_end(at).unwrap_or(self.text.len());
                continue;
            }
            match self.skip(at) {
                Ok(Some(end)) => at = end,
                Err(_) => return End::Hold(at),
                Ok(None) if rest.starts_with('[') => match self.link(at) {
                    End::Plain => at += 1,
                    end => return end,
                },
                Ok(None) => at += rest.chars().next().map_or(1, char::len_utf8),
            }
        }
        let hold = self.text.trim_end_matches('\\').len();
        if hold < self.text.len() { End::Hold(hold) } else { End::Plain }
    }

    fn link(&self, open: usize) -> End {
        let rest = &self.text[open..];
        let Some(close) = rest.find(']') else {
            let held = rest.len() <= LONGEST_HELD_LINK && !rest.contains('\n');
            return if held { End::Hold(open) } else { End::Plain };
        };
        let after = &rest[close + 1..];
        let unfinished = after.starts_with('(') && !after.contains([')', '\n']);
        match (after.is_empty(), unfinished) {
            (true, _) => End::Hold(open),
            (_, true) => End::Unwrap { open, text_end: open + close },
            _ => End::Plain,
        }
    }

    /// The end of the code span that begins at `at`, if it is closed.
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

    /// Length of the run of one sign at `at`.
    fn run(&self, at: usize) -> usize {
        let sign = self.text.as_bytes()[at];
        self.text[at..].bytes().take_while(|&byte| byte == sign).count()
    }

    /// How much of the text to show and the signs that close what is open in it.
    fn closers(&self) -> (usize, String) {
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
                _ => at = self.skip(at).ok().flatten().unwrap_or(at + c.len_utf8()),
            }
        }
        let shown = self.text[..shown].trim_end().len();
        (shown, open.into_iter().rev().collect())
    }

    /// The text without backticks at its end that may be the beginning of the closing run.
    fn unticked(&self, run: usize) -> usize {
        let end = self.text.trim_end_matches('`').len();
        if self.text.len() - end < run { end } else { self.text.len() }
    }

    /// Opens or closes with the run at `at`; false if the run does neither, for now.
    fn delimiter(&self, open: &mut Vec<&'a str>, at: usize, run: usize) -> bool {
        let sign = &self.text[at..=at];
        if run > 3 || (matches!(sign, "|" | "~") && run != 2) {
            return true;
        }
        let before = self.text[..at].chars().next_back();
        let after = self.text[at + run..].chars().next();
        let mut left = run;
        if before.is_some_and(|c| !c.is_whitespace()) {
            while let Some(top) = open.last().filter(|top| top.starts_with(sign) && top.len() <= left) {
                left -= top.len();
                open.pop();
            }
        }
        let inside_word = before.is_some_and(char::is_alphanumeric);
        if left == run && !inside_word && after.is_some_and(|c| !c.is_whitespace()) {
            open.push(&self.text[at..at + run]);
            return true;
        }
        left == 0
    }
}
