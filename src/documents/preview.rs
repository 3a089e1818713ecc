//! The content of a preview: the parts of a document, their sizes, the selected text, and the omitted
//! amounts.

use std::fmt;

/// The part of a document to read, and the offset in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The number of the part, from 1. `None` reads from the start and divides the limit among the parts.
    pub(crate) part: Option<usize>,
    /// Rows (of tables) or characters (of text) to skip, as [`Part::next`] returns it.
    pub(crate) from: usize,
}

/// The kind of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Unit {
    /// A sheet of a workbook, or a CSV file.
    Sheet,
    /// A slide with its notes.
    Slide,
    /// Running text.
    Text,
    /// A chapter of a book.
    Chapter,
    /// A list of members or attachments.
    Listing,
    /// The structure of a JSON value.
    Outline,
}

/// The size of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// The part was not read.
    Unknown,
    /// A table.
    Table {
        /// Rows up to the last that is not empty.
        rows: usize,
        /// Columns up to the last that is not empty.
        columns: usize,
    },
    /// Unicode code points of text.
    Characters(usize),
}

/// A sheet, slide, chapter or other part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// What the part is.
    pub(crate) unit: Unit,
    /// The name in the document, without control characters and at most 100 characters; may be empty.
    pub(crate) name: String,
    /// Whether the author has hidden the part.
    pub(crate) hidden: bool,
    /// The size of the whole part.
    pub(crate) size: Size,
    /// Whether the part was read to its end. If not, `size` is a lower bound.
    pub(crate) complete: bool,
    /// Rows or characters skipped before `text`.
    pub(crate) from: usize,
    /// Rows or characters of the part that `text` covers.
    pub(crate) shown: usize,
    /// The selected text. Rows are lines, cells are separated by tabs.
    pub(crate) text: String,
}

impl Part {
    /// Returns the offset at which to continue, or `None` if nothing is left.
    pub(crate) fn next(&self) -> Option<usize> {
        let end = self.from.saturating_add(self.shown);
        let left = match self.size {
            Size::Unknown => true,
            Size::Table { rows: size, .. } | Size::Characters(size) => end < size || !self.complete,
        };
        left.then_some(end)
    }

    fn heading(&self, number: usize, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "## Part {number}: {}", self.unit)?;
        if !self.name.is_empty() {
            write!(out, " \"{}\"", self.name)?;
        }
        if self.hidden {
            write!(out, " (hidden)")?;
        }
        let least = if self.complete { "" } else { "at least " };
        match self.size {
            Size::Unknown => write!(out, ", not read"),
            Size::Table { rows, columns } => write!(out, ", {least}{rows} rows x {columns} columns"),
            Size::Characters(count) => write!(out, ", {least}{count} characters"),
        }
    }

    fn left_out(&self, number: usize, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, size) = match self.size {
            Size::Unknown => return Ok(()),
            Size::Table { rows, .. } => ("rows", rows),
            Size::Characters(count) => ("characters", count),
        };
        let end = self.from.saturating_add(self.shown);
        if self.shown == 0 && self.from >= size && self.from > 0 {
            return writeln!(out, "[Offset {} is behind the end: there are {size} {noun}.]", self.from);
        }
        if self.from > 0 {
            writeln!(out, "[{noun} 1-{} left out before this.]", self.from)?;
        }
        match self.next() {
            None => Ok(()),
            Some(_) if end >= size => {
                writeln!(out, "[More {noun} were not read. Read on with part={number}, offset={end}.]")
            }
            Some(next) => {
                let first = next + 1;
                writeln!(out, "[{noun} {first}-{size} left out. Read on with part={number}, offset={next}.]")
            }
        }
    }
}

/// The text of a selection, with the parts of the document and the omitted amounts. [`fmt::Display`] writes
/// it for the model, at most about 5,000 characters longer than the limit of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Preview {
    /// The format by content, for example "Excel workbook (XLSX)".
    pub(crate) format: &'static str,
    /// The parts in the order of the document, at most 2,000.
    pub(crate) parts: Vec<Part>,
    /// Whether the whole document was read. If not, there may be more parts and the last size is a lower
    /// bound.
    pub(crate) complete: bool,
}

impl Preview {
    /// Returns whether the texts of the parts contain the whole document.
    pub(crate) fn is_whole(&self) -> bool {
        self.complete && self.parts.iter().all(|part| part.from == 0 && part.next().is_none())
    }
}

/// The most parts without text that are listed by name; the rest is counted.
const NAMED: usize = 30;

impl fmt::Display for Preview {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts.len();
        let noun = if parts == 1 { "part" } else { "parts" };
        writeln!(out, "{}, {parts} {noun}", self.format)?;
        let (mut named, mut unnamed) = (0, 0);
        for (index, part) in self.parts.iter().enumerate() {
            if part.text.is_empty() && part.from == 0 {
                named += 1;
                if named > NAMED {
                    unnamed += 1;
                    continue;
                }
            }
            part.heading(index + 1, out)?;
            writeln!(out)?;
            if !part.text.is_empty() {
                out.write_str(&part.text)?;
                if !part.text.ends_with('\n') {
                    writeln!(out)?;
                }
            }
            part.left_out(index + 1, out)?;
        }
        if unnamed > 0 {
            writeln!(out, "[{unnamed} more parts are not listed; each can be read by its number.]")?;
        }
        if !self.complete {
            writeln!(out, "[The document is longer than what was read.]")?;
        }
        Ok(())
    }
}
