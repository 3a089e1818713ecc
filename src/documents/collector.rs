//! Receives the content that a reader finds, keeps the selected window, counts the rest, and stops the reader
//! at the limit of work.

use super::error::{DocumentError, Flow, Stop};
use super::preview::{Part, Preview, Selection, Size, Unit};

/// The most parts of one document; a reader stops here.
const PARTS: usize = 2_000;

/// The most work for one preview, in units of a byte of text or a cell. 64 million take about a second in a
/// release build.
const WORK: u64 = 64_000_000;

/// The longest cell shown, in characters.
const CELL: usize = 300;

/// The longest name of a part, in characters.
const NAME: usize = 100;

/// The smallest share of the limit for a part, in characters, while the limit is not used up.
const SHARE: usize = 400;

/// A cell: its column from 0, and its text.
pub(super) type Cell = (usize, String);

/// Collects the text of a preview.
#[derive(Debug)]
pub(super) struct Collector {
    selection: Selection,
    left: usize,
    expected: usize,
    work: u64,
    budget: usize,
    full: bool,
    wanted: bool,
    parts: Vec<Part>,
}

impl Collector {
    /// Creates a collector of at most `limit` characters of text.
    pub(super) fn new(selection: Selection, limit: usize) -> Self {
        Self {
            selection,
            left: limit,
            expected: 0,
            work: WORK,
            budget: 0,
            full: false,
            wanted: false,
            parts: Vec::new(),
        }
    }

    /// Announces how many parts follow, so that each gets its share of the limit. Without it, the first parts
    /// use up the limit.
    pub(super) fn expect(&mut self, parts: usize) {
        self.expected = parts;
    }

    /// Begins a part. Returns `false` if it is not selected, so that its content need not be read.
    pub(super) fn part(&mut self, unit: Unit, name: &str, hidden: bool) -> Flow<bool> {
        self.close();
        if self.parts.len() >= PARTS {
            return Err(Stop::Enough);
        }
        let index = self.parts.len();
        self.wanted = self.selection.part.is_none_or(|part| part == index + 1);
        let shares = self.expected.saturating_sub(index).max(1);
        self.budget = match self.selection.part {
            None if self.expected > 0 => (self.left / shares).max(SHARE).min(self.left),
            _ if self.wanted => self.left,
            _ => 0,
        };
        self.full = false;
        let first = self.wanted && (self.selection.part.is_some() || index == 0);
        self.parts.push(Part {
            unit,
            name: clean(name, false).chars().take(NAME).collect(),
            hidden,
            size: Size::Unknown,
            complete: false,
            from: if first { self.selection.from } else { 0 },
            shown: 0,
            text: String::new(),
        });
        Ok(self.wanted)
    }

    /// Adds text to the part.
    pub(super) fn text(&mut self, text: &str) -> Flow {
        self.charge(text.len())?;
        let (budget, full, wanted) = (self.budget, self.full, self.wanted);
        let Some(part) = self.parts.last_mut().filter(|_| wanted) else { return Ok(()) };
        let before = match part.size {
            Size::Characters(before) => before,
            _ => 0,
        };
        let count = text.chars().count();
        part.size = Size::Characters(before + count);
        if full || before + count <= part.from {
            return Ok(());
        }
        let skipped = part.from.saturating_sub(before);
        let taken = (count - skipped).min(budget);
        let window: String = text.chars().skip(skipped).take(taken).collect();
        part.text.push_str(&clean(&window, true));
        part.shown += taken;
        self.full = taken < count - skipped;
        self.budget -= taken;
        self.left -= taken;
        Ok(())
    }

    /// Adds a row to the part. Cells are in the order of their columns.
    pub(super) fn row(&mut self, cells: &[Cell]) -> Flow {
        let bytes: usize = cells.iter().map(|(_, text)| text.len() + 1).sum();
        self.charge(bytes + 1)?;
        let columns = cells.last().map_or(0, |(column, _)| column + 1);
        let wants = self.wants_row();
        let Some(part) = self.parts.last_mut().filter(|_| self.wanted) else { return Ok(()) };
        let (row, before) = match part.size {
            Size::Table { rows, columns } => (rows, columns),
            _ => (0, 0),
        };
        part.size = Size::Table { rows: row + 1, columns: before.max(columns) };
        if !wants {
            return Ok(());
        }
        let mut line = line(cells);
        let mut length = line.chars().count();
        if length > self.budget {
            self.full = true;
            if part.shown > 0 || self.budget < 20 {
                return Ok(());
            }
            line = line.chars().take(self.budget - 10).collect::<String>() + "…[cut]\n";
            length = line.chars().count();
        }
        part.text.push_str(&line);
        part.shown += 1;
        self.budget -= length;
        self.left -= length;
        Ok(())
    }

    /// Adds rows without cells.
    pub(super) fn empty_rows(&mut self, count: usize) -> Flow {
        self.charge(1)?;
        if count == 0 || !self.wanted {
            return Ok(());
        }
        if count <= 2 {
            return (0..count).try_for_each(|_| self.row(&[]));
        }
        let Some(part) = self.parts.last_mut() else { return Ok(()) };
        let (before, columns) = match part.size {
            Size::Table { rows, columns } => (rows, columns),
            _ => (0, 0),
        };
        let end = before.saturating_add(count);
        part.size = Size::Table { rows: end, columns };
        if self.full || end <= part.from {
            return Ok(());
        }
        let inside = end - before.max(part.from);
        let line = format!("[{inside} empty rows]\n");
        let length = line.chars().count();
        if length > self.budget {
            self.full = true;
            return Ok(());
        }
        part.text.push_str(&line);
        part.shown += inside;
        self.budget -= length;
        self.left -= length;
        Ok(())
    }

    /// Returns whether the next row would be shown. If not, the texts of its cells are not needed.
    pub(super) fn wants_row(&self) -> bool {
        let Some(part) = self.parts.last().filter(|_| self.wanted && !self.full) else { return false };
        match part.size {
            Size::Table { rows, .. } => rows >= part.from,
            _ => part.from == 0,
        }
    }

    /// Counts work that produces no text.
    pub(super) fn charge(&mut self, units: usize) -> Flow {
        self.work = self.work.saturating_sub(units as u64);
        if self.work == 0 { Err(Stop::Enough) } else { Ok(()) }
    }

    /// Ends the part and marks it as complete.
    fn close(&mut self) {
        if let Some(part) = self.parts.last_mut().filter(|_| self.wanted) {
            part.complete = true;
            if part.size == Size::Unknown {
                part.size = match part.unit {
                    Unit::Sheet | Unit::Listing => Size::Table { rows: 0, columns: 0 },
                    _ => Size::Characters(0),
                };
            }
        }
        self.wanted = false;
    }

    /// Returns the preview of the collected content. A document that turns out to be too large is shown as
    /// far as it was read, or refused if nothing of it was read.
    pub(super) fn finish(mut self, format: &'static str, outcome: &Flow) -> Result<Preview, DocumentError> {
        let taken = self.parts.iter().any(|part| part.shown > 0);
        let complete = match outcome {
            Ok(()) => {
                self.close();
                true
            }
            Err(Stop::Failed(error)) if !(taken && *error == DocumentError::TooLarge) => return Err(*error),
            Err(_) => false,
        };
        let parts = self.parts.len();
        if self.selection.part.is_some_and(|part| part == 0 || part > parts) {
            return Err(DocumentError::NoSuchPart { parts });
        }
        Ok(Preview { format, parts: self.parts, complete })
    }
}

fn line(cells: &[Cell]) -> String {
    let mut line = String::new();
    let mut at = 0;
    for (column, text) in cells.iter().filter(|(_, text)| !text.is_empty()) {
        let gap = column.saturating_sub(at);
        if gap > 50 {
            line.extend(["\t[", &gap.to_string(), " columns]\t"]);
        } else {
            line.extend(std::iter::repeat_n('\t', gap));
        }
        at = *column;
        let count = text.chars().take(CELL + 1).count();
        if count > CELL {
            let shown: String = text.chars().take(CELL).collect();
            let rest = text.chars().count() - CELL;
            line.push_str(&clean(&shown, false));
            line.extend(["…[", &rest.to_string(), " more characters]"]);
        } else {
            line.push_str(&clean(text, false));
        }
    }
    line.push('\n');
    line
}

/// Removes control characters. Line ends and tabs stay (`lines`) or become spaces.
pub(super) fn clean(text: &str, lines: bool) -> String {
    let keep = |c: char| match c {
        '\n' | '\t' if lines => Some(c),
        '\n' | '\t' => Some(' '),
        // Marks that change the direction of text, which can disguise a name.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c if c.is_control() => None,
        c => Some(c),
    };
    text.chars().filter_map(keep).collect()
}
