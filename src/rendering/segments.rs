//! Cuts Markdown into pieces that can be rendered one by one, line by line and without lookahead: a piece
//! that was emitted never changes, whatever follows. This makes streaming linear. Complete answers are cut by
//! the same code, so both ways give the same text.

use super::references::{self, Definition};
use super::syntax::{BLANKS, Fence, Marker, indent_width, is_blank, is_footnote, is_heading, is_rule};

/// The distance of a piece from the previous one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// No empty line in between.
    #[default]
    Line,
    /// An empty line in between.
    Blank,
}

/// The kind of content of a piece of Markdown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// Paragraphs, headings, quotes, tables.
    #[default]
    Plain,
    /// One list item or one footnote, with everything indented below it.
    List,
}

/// A complete part of the document, or a line of an open code block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Markdown to be parsed.
    Markdown {
        /// The lines.
        source: &'a str,
        /// The kind of content.
        kind: BlockKind,
        /// Distance from the previous piece.
        gap: Gap,
        /// Whether the previous piece was an item of the same list.
        continues: bool,
    },
    /// A fenced code block begins.
    CodeStart {
        /// Its language.
        language: Option<String>,
        /// Distance from the previous piece.
        gap: Gap,
    },
    /// A line of the open code block, without its line break.
    CodeLine(&'a str),
    /// The code block ends.
    CodeEnd,
    /// A line that defines the address of references.
    Definition {
        /// The parsed line.
        definition: Definition,
        /// The line as written.
        line: &'a str,
        /// Distance from the previous piece.
        gap: Gap,
    },
}

/// Cuts a text line by line.
#[derive(Debug, Clone, Default)]
pub(super) struct Segmenter {
    /// Lines of the open piece.
    buffer: String,
    kind: BlockKind,
    gap: Gap,
    /// Blank lines since the last line with text.
    blanks: usize,
    /// Whether the last line was a heading, which is always a piece of its own.
    heading: bool,
    /// Whether the last piece was a list item.
    in_list: bool,
    continues: bool,
    /// The open code block.
    code: Option<Fence>,
    /// The open code block inside the open list item.
    item_code: Option<Fence>,
    /// The columns removed from every line of that code block, known from its first line.
    item_pad: Option<usize>,
}

impl Segmenter {
    /// Returns the number of bytes that displaying the open piece would have to parse again.
    pub(super) fn open_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Adds the next line, without its line break, and emits the pieces that are now complete.
    pub(super) fn line(&mut self, line: &str, sink: &mut impl FnMut(Piece<'_>)) {
        if let Some(fence) = &self.code {
            if fence.is_closed_by(line) {
                self.code = None;
                sink(Piece::CodeEnd);
            } else {
                sink(Piece::CodeLine(fence.strip(line)));
            }
        } else if self.item_code.is_some() {
            self.item_code_line(line);
        } else if is_blank(line) {
            self.blanks += 1;
        } else if let Some(definition) = Definition::of(line) {
            self.flush(sink);
            let gap = if self.blanks > 0 { Gap::Blank } else { Gap::Line };
            (self.blanks, self.heading) = (0, false);
            sink(Piece::Definition { definition, line, gap });
        } else {
            if !self.buffer.is_empty() && self.is_border(line) {
                self.flush(sink);
            }
            if self.buffer.is_empty() { self.start(line, sink) } else { self.extend(line) }
        }
    }

    /// Emits the remaining pieces at the end of the text.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(Piece<'_>)) {
        self.flush(sink);
        if self.code.take().is_some() {
            sink(Piece::CodeEnd);
        }
    }

    /// Emits the remaining pieces of a text that is still growing, after `mend` has completed the open piece.
    pub(super) fn finish_open(&mut self, mend: impl Fn(&str) -> String, sink: &mut impl FnMut(Piece<'_>)) {
        if self.item_code.is_none() {
            self.buffer = mend(&self.buffer);
        }
        self.finish(sink);
    }

    /// Returns whether the growing line may turn out to be invisible: the end of the open code block, or a
    /// definition.
    pub(super) fn may_vanish(&self, line: &str) -> bool {
        let mut fences = [&self.code, &self.item_code].into_iter().flatten().peekable();
        if fences.peek().is_none() {
            return references::may_be_definition(line);
        }
        fences.any(|fence| fence.may_be_closed_by(line))
    }

    fn flush(&mut self, sink: &mut impl FnMut(Piece<'_>)) {
        if !self.buffer.is_empty() {
            let (kind, gap, continues) = (self.kind, self.gap, self.continues);
            sink(Piece::Markdown { source: &self.buffer, kind, gap, continues });
            self.in_list = kind == BlockKind::List;
            self.buffer.clear();
        }
        self.item_code = None;
    }

    /// Returns whether `line` cannot belong to the open piece.
    fn is_border(&self, line: &str) -> bool {
        let indent = indent_width(line);
        let content = line.trim_start_matches(BLANKS);
        let block = || is_heading(line) || is_footnote(line) || Fence::open(line).is_some();
        match self.kind {
            BlockKind::Plain if self.blanks > 0 => indent < 4,
            BlockKind::Plain => {
                // As in CommonMark, only a list that starts at one may interrupt a paragraph.
                let interrupts =
                    |marker: Marker| !marker.empty && marker.number.is_none_or(|number| number == 1);
                self.heading || (indent < 4 && (block() || Marker::of(content).is_some_and(interrupts)))
            }
            BlockKind::List => {
                let item = || Marker::of(content).is_some() || is_rule(content) || content.starts_with('>');
                indent == 0 && (self.blanks > 0 || item() || block())
            }
        }
    }

    fn start(&mut self, line: &str, sink: &mut impl FnMut(Piece<'_>)) {
        let shallow = indent_width(line) < 4;
        let heading = shallow && is_heading(line);
        let gap = if self.blanks > 0 || heading { Gap::Blank } else { Gap::Line };
        self.blanks = 0;
        if shallow && let Some(fence) = Fence::open(line) {
            sink(Piece::CodeStart { language: fence.language.clone(), gap });
            self.code = Some(fence);
            self.in_list = false;
            return;
        }
        let listed = shallow && (Marker::of(line.trim_start_matches(BLANKS)).is_some() || is_footnote(line));
        self.kind = if listed { BlockKind::List } else { BlockKind::Plain };
        self.gap = gap;
        self.continues = listed && self.in_list;
        self.push(line);
    }

    fn extend(&mut self, line: &str) {
        self.buffer.extend(std::iter::repeat_n('\n', self.blanks));
        self.blanks = 0;
        self.push(line);
    }

    fn push(&mut self, line: &str) {
        self.heading = self.kind == BlockKind::Plain && is_heading(line);
        if self.kind == BlockKind::List {
            self.item_code = Fence::open_anywhere(line);
            self.item_pad = None;
        }
        self.buffer.push_str(line);
        self.buffer.push('\n');
    }

    /// Handles a line of code inside a list item. More lenient than CommonMark: the code lasts until its
    /// fence closes even if its lines are not indented, as models often write it. Such lines get the missing
    /// columns.
    fn item_code_line(&mut self, line: &str) {
        let Some(fence) = &self.item_code else { return };
        if !is_blank(line) {
            let missing = fence.indent.saturating_sub(indent_width(line));
            let pad = *self.item_pad.get_or_insert(missing);
            self.buffer.extend(std::iter::repeat_n(' ', pad.max(missing)));
        }
        self.buffer.push_str(line);
        self.buffer.push('\n');
        if fence.is_closed_by(line) {
            self.item_code = None;
        }
    }
}
