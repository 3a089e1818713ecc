//! Builds running text line by line: paragraphs, list items, and rows of tables.

use super::collector::Collector;
use super::error::Flow;

/// The length in bytes from which an unfinished line is passed on.
const LINE: usize = 64 << 10;

/// A line that is being built.
#[derive(Debug, Default)]
pub(super) struct Paragraphs {
    line: String,
    cells: usize,
}

impl Paragraphs {
    /// Adds text to the line.
    pub(super) fn push(&mut self, text: &str, out: &mut Collector) -> Flow {
        self.line.push_str(text);
        if self.line.len() > LINE {
            out.text(&self.line)?;
            self.line.clear();
        }
        Ok(())
    }

    /// Sets the prefix of a line, such as "# " or "- ", unless the line has begun.
    pub(super) fn begin(&mut self, prefix: &str) {
        if self.line.is_empty() {
            self.line.push_str(prefix);
        }
    }

    /// Returns whether the line has text that needs a space after it.
    pub(super) fn has_text(&self) -> bool {
        !self.line.is_empty() && !self.line.ends_with(' ')
    }

    /// Ends a paragraph. Inside a table cell it becomes a space.
    pub(super) fn end(&mut self, out: &mut Collector) -> Flow {
        if self.cells > 0 {
            if !self.line.ends_with([' ', '|']) {
                self.line.push(' ');
            }
            return Ok(());
        }
        self.flush(out)
    }

    /// Begins a cell.
    pub(super) fn begin_cell(&mut self) {
        if self.cells == 0 && self.line.is_empty() {
            self.line.push_str("| ");
        }
        self.cells += 1;
    }

    /// Ends a cell.
    pub(super) fn end_cell(&mut self) {
        self.cells = self.cells.saturating_sub(1);
        while self.line.ends_with(' ') {
            self.line.pop();
        }
        self.line.push_str(" | ");
    }

    /// Ends a row, unless it is in a table inside a cell.
    pub(super) fn end_row(&mut self, out: &mut Collector) -> Flow {
        if self.cells == 0 { self.flush(out) } else { Ok(()) }
    }

    fn flush(&mut self, out: &mut Collector) -> Flow {
        let line = self.line.trim_end();
        if !line.is_empty() {
            out.text(line)?;
            out.text("\n")?;
        }
        self.line.clear();
        Ok(())
    }
}
