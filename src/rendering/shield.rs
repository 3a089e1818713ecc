//! Prepares a piece of Markdown for the parser. Text that CommonMark would misread is replaced by single
//! private-use characters ("slots"): formulas, spoiler bars, HTML, paths, patterns, markup inside bare URLs.
//! The writer replaces the slots by their output, and inside code by the original text.

mod addresses;
mod formulas;
mod paths;
mod stars;
mod tags;

use std::collections::HashMap;

use super::entities::EntityKind;
use super::placeholders::{Placeholder, Shielded, is_private};
use super::segments::BlockKind;
use super::syntax::{BLANKS, Fence, is_blank, is_footnote_label, unquoted};
use super::table;

/// The number of bytes within which a spoiler must end.
const LONGEST_SPOILER: usize = 2000;

/// Replaces everything that the parser would misread in one piece of Markdown.
pub(super) fn shield(source: &str, block: BlockKind) -> Shielded {
    let mut scanner = Scanner {
        source,
        at: 0,
        line_start: 0,
        fence: None,
        may_indent: block == BlockKind::Plain,
        indented: true,
        paragraph: 0,
        strong: None,
        spoiler: None,
        closers: Vec::new(),
        details: false,
        unclosed: HashMap::new(),
        out: Shielded::default(),
    };
    scanner.run();
    scanner.out.text = table::widened(scanner.out.text);
    scanner.out
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    /// Position at which the line of the cursor begins.
    line_start: usize,
    /// The open fence, if the scanner is inside one.
    fence: Option<Fence>,
    /// Whether indented code is recognised. In lists, indentation means nesting.
    may_indent: bool,
    /// Whether a deeply indented line would be code here: at the start and behind empty lines.
    indented: bool,
    /// End of the paragraph around the cursor, if the cursor is before it.
    paragraph: usize,
    /// End of the paragraph in which a `**` is open.
    strong: Option<usize>,
    /// Position at which the open spoiler ends.
    spoiler: Option<usize>,
    /// Positions at which the open HTML elements end, and the placeholders there.
    closers: Vec<(usize, Placeholder)>,
    /// Whether a collapsible part has begun.
    details: bool,
    /// For each delimiter without a partner, the end of the paragraph in which that is known.
    unclosed: HashMap<&'a str, usize>,
    out: Shielded,
}

impl<'a> Scanner<'a> {
    fn run(&mut self) {
        while self.at < self.source.len() {
            if self.at_line_start() {
                self.line_start = self.at;
                if self.code_line() {
                    continue;
                }
            }
            if self.spoiler == Some(self.at) {
                self.replace(2, Placeholder::MarkEnd { raw: "||".to_owned(), kind: EntityKind::Spoiler });
                continue;
            }
            self.term();
        }
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn before(&self) -> Option<char> {
        self.source[..self.at].chars().next_back()
    }

    fn at_line_start(&self) -> bool {
        self.at == 0 || self.source.as_bytes()[self.at - 1] == b'\n'
    }

    /// Copies `length` bytes unchanged; private characters of the text itself become slots.
    fn copy(&mut self, length: usize) {
        let piece = &self.rest()[..length];
        if piece.contains(is_private) {
            let mut buffer = [0; 4];
            for c in piece.chars() {
                if is_private(c) {
                    self.out.add_literal(c.encode_utf8(&mut buffer));
                } else {
                    self.out.text.push(c);
                }
            }
        } else {
            self.out.text.push_str(piece);
        }
        self.at += length;
    }

    fn replace(&mut self, length: usize, slot: Placeholder) {
        self.out.add(slot);
        self.at += length;
    }

    fn literal(&mut self, length: usize) {
        let piece = &self.rest()[..length];
        self.out.add_literal(piece);
        self.at += length;
    }

    /// Copies the line at the cursor if it belongs to a code block (fenced inside a list or quote, or
    /// indented). Returns whether it did.
    fn code_line(&mut self) -> bool {
        let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
        let content = unquoted(line);
        if let Some(fence) = &self.fence {
            if fence.is_closed_by(content) {
                self.fence = None;
            }
            self.indented = true;
        } else {
            self.fence = Fence::open_anywhere(content);
            if self.fence.is_none() {
                let code = self.may_indent && self.indented && content.starts_with("    ");
                self.indented = code || is_blank(content);
                if !code {
                    return false;
                }
            }
        }
        self.copy(line.len());
        true
    }

    fn term(&mut self) {
        let rest = self.rest();
        let is_special =
            |byte: &u8| matches!(byte, b'\n' | b'*' | b'`' | b'\\' | b'$' | b'<' | b'[' | b']' | b'|' | b'h');
        let plain = rest.bytes().take_while(|byte| !is_special(byte)).count();
        if plain > 0 {
            self.copy(plain);
            return;
        }
        match rest.as_bytes()[0] {
            b'*' => self.stars(),
            b'`' => self.code_span(),
            b'\\' => match self.path() {
                Some(length) => self.literal(length),
                None if rest.starts_with("\\(") || rest.starts_with("\\[") => self.formula(2),
                None => self.copy(1 + rest[1..].chars().next().map_or(0, char::len_utf8)),
            },
            b'$' => self.formula(rest.bytes().take_while(|&byte| byte == b'$').count()),
            b'<' if self.is_angle_syntax() => self.copy(1),
            b'<' => self.angle(),
            b'[' => self.footnote(),
            b']' if rest.starts_with("]:") => {
                self.copy(1);
                self.literal(1);
            }
            b'|' if rest.starts_with("||") => self.spoiler(),
            b'h' if rest.starts_with("http://") || rest.starts_with("https://") => self.bare_url(),
            _ => self.copy(1),
        }
    }

    /// Returns the end of the paragraph around the cursor: the next empty line.
    fn paragraph_end(&mut self) -> usize {
        if self.at < self.paragraph {
            return self.paragraph;
        }
        let mut end = self.at;
        for (index, line) in self.rest().split_inclusive('\n').enumerate() {
            if index > 0 && is_blank(unquoted(line)) {
                break;
            }
            end += line.len();
        }
        self.paragraph = end;
        end
    }

    /// Searches for the partner of a delimiter with `find`, which gets the rest of the paragraph. A failure
    /// is remembered, so that a paragraph full of openers is read in linear time.
    fn partner(&mut self, opener: &'a str, find: impl Fn(&'a str) -> Option<usize>) -> Option<usize> {
        if self.unclosed.get(opener).is_some_and(|&end| self.at < end) {
            return None;
        }
        let end = self.paragraph_end();
        let found = find(&self.source[self.at + opener.len()..end]);
        if found.is_none() {
            self.unclosed.insert(opener, end);
        }
        found
    }

    fn code_span(&mut self) {
        let run = self.rest().bytes().take_while(|&byte| byte == b'`').count();
        let ticks = &self.rest()[..run];
        let close = self.partner(ticks, |text| {
            let mut from = 0;
            while let Some(start) = text[from..].find('`').map(|at| at + from) {
                let length = text[start..].bytes().take_while(|&byte| byte == b'`').count();
                if length == run {
                    return Some(start);
                }
                from = start + length;
            }
            None
        });
        let length = close.map_or(run, |inner| inner + 2 * run);
        if close.is_some() && self.is_row() {
            // In a table the parser treats a bar as a border of cells even inside code.
            let end = self.at + length;
            while let Some(bar) = self.source[self.at..end].find('|') {
                let escaped = self.source[self.at..self.at + bar].ends_with('\\');
                self.copy(bar);
                if escaped { self.copy(1) } else { self.literal(1) }
            }
            self.copy(end - self.at);
        } else {
            self.copy(length);
        }
    }

    fn footnote(&mut self) {
        let label = self.rest().strip_prefix("[^").and_then(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')?;
            rest[end..].starts_with(']').then(|| rest.split_at(end))
        });
        let Some((label, after)) = label.filter(|(label, _)| is_footnote_label(label)) else {
            return self.copy(1);
        };
        let length = label.len() + 3;
        if after.starts_with("]:") && is_blank(self.line_before()) {
            self.copy(length + 1);
        } else if label.bytes().all(|byte| byte.is_ascii_digit()) {
            let raw = self.rest()[..length].to_owned();
            self.replace(length, Placeholder::Footnote(raw));
        } else {
            self.literal(1);
        }
    }

    /// Returns whether the line of the cursor is a row of a table.
    fn is_row(&self) -> bool {
        unquoted(self.line_before()).trim_start_matches(BLANKS).starts_with('|')
    }

    fn line_before(&self) -> &'a str {
        &self.source[self.line_start..self.at]
    }

    /// Replaces a spoiler, `||hidden||` within one line. Bars with spaces inside are an operator.
    fn spoiler(&mut self) {
        let bars = self.rest().bytes().take_while(|&byte| byte == b'|').count();
        let opens = !self.before().is_some_and(|c| c.is_alphanumeric() || c == '|');
        let rest = &self.rest()[bars..];
        let line = rest[..rest.floor_char_boundary(LONGEST_SPOILER)].split('\n').next().unwrap_or_default();
        let close = line.find("||").filter(|&end| {
            let inner = &line[..end];
            let closes = !line[end + 2..].starts_with(|c: char| c.is_alphanumeric() || c == '|');
            closes && inner.trim() == inner && !inner.is_empty() && !inner.contains(['|', '`'])
        });
        let Some(inner) = close.filter(|_| bars == 2 && opens) else { return self.copy(bars) };
        self.replace(2, Placeholder::MarkStart { raw: "||".to_owned(), kind: EntityKind::Spoiler });
        self.spoiler = Some(self.at + inner);
    }
}
