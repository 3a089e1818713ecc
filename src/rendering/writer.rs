//! Writes lines of text with spans: keeps track of line starts, line prefixes (indentation, list markers, the
//! bars of nested quotes) and the distances of blocks in the source. Lists and quotes are in
//! `writer::nesting`.

mod nesting;

use super::entities::{EntityKind, Span};
use super::table::Fragment;

/// Levels of lists and quotes that are indented; deeper levels are shown like the last one.
const MAX_DEPTH: usize = 8;

/// The number of the last item of a list, as written and as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbering {
    written: u64,
    shown: u64,
}

impl Numbering {
    /// Returns the number of the next item: the written one, except that an item with the same number as the
    /// previous one (`1.` for all) is counted up.
    fn next(last: Option<Self>, written: u64) -> Self {
        let shown = match last {
            Some(last) if last.written == written => last.shown.saturating_add(1),
            _ => written,
        };
        Self { written, shown }
    }
}

#[derive(Debug)]
struct List {
    ordered: bool,
    last: Option<Numbering>,
}

/// The text of one piece of Markdown, under construction.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// The text so far.
    out: String,
    /// The number of the last item of the outermost list, shared with the neighbouring pieces.
    pub(super) numbering: Option<Numbering>,
    /// End of the source that has been written.
    pub(super) source_end: usize,
    spans: Vec<Span>,
    /// Positions at which the open styles and links begin, outer before inner.
    starts: Vec<usize>,
    /// The open formatting that Markdown does not know, and where it begins. It may cross styles.
    marks: Vec<(EntityKind, usize)>,
    /// End of the last code, whose white space is kept.
    code_end: usize,
    lists: Vec<List>,
    /// The prefixes of each line, from outside to inside.
    prefixes: Vec<String>,
    /// Line breaks to be written before the next text.
    breaks: usize,
    /// Whether the next text begins a line.
    inside_line: bool,
    /// The marker of an item that has no text yet.
    marker: Option<String>,
    /// Position at which each open quote begins; the outermost keeps the prefixes of the lines around it.
    quotes: Vec<(usize, Option<Vec<String>>)>,
}

impl Writer {
    /// Creates an empty text; `numbering` is the last number of the list that its items continue.
    pub(super) fn new(numbering: Option<Numbering>) -> Self {
        Self { numbering, ..Self::default() }
    }

    /// Returns the finished text without white space at its end.
    pub(super) fn finish(mut self) -> Fragment {
        self.out.truncate(self.out.trim_end_matches([' ', '\n']).len().max(self.code_end));
        for span in &mut self.spans {
            span.range.end = span.range.end.min(self.out.len());
        }
        Fragment { text: self.out, spans: self.spans }
    }

    /// Begins a block at position `at` of the source, after an empty line if the source has one.
    pub(super) fn block(&mut self, source: &str, at: usize) {
        if self.out.is_empty() || self.marker.is_some() {
            return;
        }
        let between = source.get(self.source_end..at).unwrap_or_default();
        let blank = between.bytes().filter(|&byte| byte == b'\n').count() >= 2;
        self.breaks = self.breaks.max(if blank { 2 } else { 1 });
        self.inside_line = false;
    }

    /// Ends a block: the text that follows begins on a new line.
    pub(super) fn end_block(&mut self) {
        self.breaks = self.breaks.max(1);
        self.inside_line = false;
    }

    /// Ends the line within a paragraph.
    pub(super) fn break_line(&mut self) {
        self.end_block();
    }

    /// Ends the line, or adds an empty line if it has ended already.
    pub(super) fn add_break(&mut self) {
        self.breaks = if self.inside_line { 1 } else { (self.breaks + 1).min(2) };
        self.inside_line = false;
    }

    /// Writes the pending line breaks and the prefix of the line.
    pub(super) fn begin_line(&mut self) {
        if self.inside_line {
            return;
        }
        self.write_breaks();
        let marked = self.marker.take();
        let depth = self.prefixes.len() - usize::from(marked.is_some() && !self.prefixes.is_empty());
        for prefix in self.prefixes[..depth].iter().take(MAX_DEPTH) {
            self.out.push_str(prefix);
        }
        self.out.push_str(&marked.unwrap_or_default());
        self.inside_line = true;
    }

    fn write_breaks(&mut self) {
        if !self.out.is_empty() {
            let trimmed = self.out.trim_end_matches(' ').len().max(self.code_end);
            self.out.truncate(trimmed);
            self.out.extend(std::iter::repeat_n('\n', self.breaks));
            self.keep_up(trimmed);
        }
        self.breaks = 0;
    }

    /// Corrects recorded positions once the white space from byte `kept` on has been replaced by line breaks.
    /// Spans that ended in it now end at `kept`; open spans that started in it now start on the new line.
    fn keep_up(&mut self, kept: usize) {
        let line = self.out.len();
        for span in self.spans.iter_mut().rev().take_while(|span| span.range.end > kept) {
            span.range.end = kept;
        }
        let open = self.starts.iter_mut().chain(self.marks.iter_mut().map(|(_, start)| start));
        for start in open.chain(self.quotes.iter_mut().map(|(start, _)| start)) {
            if *start >= kept {
                *start = line;
            }
        }
    }

    /// Begins a style or a link. Nested ones are closed in the opposite order.
    pub(super) fn open(&mut self) {
        self.begin_line();
        self.starts.push(self.out.len());
    }

    /// Returns the text written since the innermost `open`.
    pub(super) fn since_open(&self) -> &str {
        &self.out[self.starts.last().map_or(self.out.len(), |&start| start)..]
    }

    /// Ends the innermost style or link with this formatting; `None` leaves it plain.
    pub(super) fn close(&mut self, kind: Option<EntityKind>) {
        if let (Some(start), Some(kind)) = (self.starts.pop(), kind) {
            self.span(start, kind);
        }
    }

    /// Begins formatting that may cross styles.
    pub(super) fn open_mark(&mut self, kind: EntityKind) {
        self.begin_line();
        self.marks.push((kind, self.out.len()));
    }

    /// Ends the innermost formatting of a kind. Returns `false` if there is none.
    pub(super) fn close_mark(&mut self, kind: &EntityKind) -> bool {
        let Some(at) = self.marks.iter().rposition(|(open, _)| open == kind) else { return false };
        let (kind, start) = self.marks.remove(at);
        self.span(start, kind);
        true
    }

    /// Writes text within a line.
    pub(super) fn put(&mut self, text: &str) {
        if !text.is_empty() {
            self.begin_line();
            self.out.push_str(text);
        }
    }

    /// Formats the text from byte `start` on.
    fn span(&mut self, start: usize, kind: EntityKind) {
        if matches!(kind, EntityKind::Code | EntityKind::Pre { .. }) {
            self.code_end = self.out.len();
        }
        self.spans.push(Span { range: start..self.out.len(), kind });
    }

    /// Writes formatted text within a line.
    pub(super) fn put_span(&mut self, text: &str, kind: EntityKind) {
        self.begin_line();
        let start = self.out.len();
        self.out.push_str(text);
        self.span(start, kind);
    }

    /// Writes a block of code without indentation, because its white space is significant.
    pub(super) fn put_block(&mut self, code: &str, language: Option<String>) {
        if code.trim().is_empty() {
            return;
        }
        self.flush_marker();
        if self.inside_line {
            self.end_block();
        }
        self.write_breaks();
        let start = self.out.len();
        self.out.push_str(code);
        self.span(start, EntityKind::Pre { language });
        self.end_block();
    }

    /// Writes a finished fragment, such as a table, as a block.
    pub(super) fn put_fragment(&mut self, fragment: Fragment) {
        self.flush_marker();
        self.write_breaks();
        let start = self.out.len();
        self.out.push_str(&fragment.text);
        let moved = fragment.spans.into_iter();
        self.spans
            .extend(moved.map(|s| Span { range: s.range.start + start..s.range.end + start, kind: s.kind }));
        self.inside_line = true;
    }

    /// Writes the marker of an item that begins with a block.
    fn flush_marker(&mut self) {
        if self.marker.is_some() {
            self.begin_line();
            self.end_block();
        }
    }
}
