//! Tables for a chat bubble: aligned monospace text if the table is as narrow as a phone's bubble, otherwise
//! one record per row ("Header: value" lines), which keeps the links and styles of the cells.

use pulldown_cmark::Alignment;
use unicode_width::UnicodeWidthStr;

use super::entities::{EntityKind, Span};
use super::syntax::{BLANKS, is_blank, unmarked, unquoted};

/// Monospace columns that fit one line of a bubble on a common phone.
const PHONE_COLUMNS: usize = 34;

/// Text with spans in bytes, not yet normalised.
#[derive(Debug, Default)]
pub(super) struct Fragment {
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
}

impl Fragment {
    fn has_link(&self) -> bool {
        self.spans.iter().any(|span| matches!(span.kind, EntityKind::TextLink { .. }))
    }

    fn push(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        let moved = |span: &Span| Span {
            range: span.range.start + start..span.range.end + start,
            kind: span.kind.clone(),
        };
        self.spans.extend(other.spans.iter().map(moved));
    }
}

/// A table under construction; the first row is the header.
#[derive(Debug)]
pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Fragment>>,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self { alignments, rows: Vec::new() }
    }

    pub(super) fn start_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn push_cell(&mut self, cell: Fragment) {
        if let Some(row) = self.rows.last_mut() {
            row.push(cell);
        }
    }

    /// Returns the finished table: in aligned columns if it is narrow enough and has no links, otherwise as
    /// one record per row. Empty columns at its end are omitted, because most of them were added by `widened`
    /// for the rows of a following block.
    pub(super) fn into_fragment(mut self) -> Fragment {
        let mut widths: Vec<usize> = (0..self.alignments.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.text.width()).max().unwrap_or(0)
            })
            .collect();
        while widths.len() > 1 && widths.ends_with(&[0]) {
            widths.pop();
        }
        self.rows.iter_mut().for_each(|row| row.truncate(widths.len()));
        let total = widths.iter().sum::<usize>() + 3 * widths.len().saturating_sub(1);
        let linked = self.rows.iter().flatten().any(Fragment::has_link);
        match self.rows.as_slice() {
            [header] if linked => one_line(header),
            [] | [_] => self.aligned(&widths),
            _ if total <= PHONE_COLUMNS && !linked => self.aligned(&widths),
            _ => self.records(),
        }
    }

    fn aligned(&self, widths: &[usize]) -> Fragment {
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(widths).zip(&self.alignments);
            let cells: Vec<String> =
                cells.map(|((cell, &width), &alignment)| padded(&cell.text, width, alignment)).collect();
            lines.push(cells.join(" | ").trim_end().to_owned());
            if index == 0 {
                let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
                lines.push(rules.join("-+-"));
            }
        }
        let text = lines.join("\n");
        let spans = vec![Span { range: 0..text.len(), kind: EntityKind::Pre { language: None } }];
        Fragment { text, spans }
    }

    fn records(&self) -> Fragment {
        let mut out = Fragment::default();
        let Some((headers, rows)) = self.rows.split_first() else { return out };
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                out.text.push_str("\n\n");
            }
            for (column, header) in headers.iter().enumerate() {
                let start = out.text.len();
                if column > 0 {
                    out.text.push('\n');
                }
                if !header.text.is_empty() {
                    out.push(header);
                    out.text.push_str(": ");
                }
                match row.get(column) {
                    Some(cell) if !cell.text.is_empty() => out.push(cell),
                    _ => out.text.push('–'),
                }
                if column == 0 {
                    out.spans.push(Span { range: start..out.text.len(), kind: EntityKind::Bold });
                }
            }
        }
        out
    }
}

/// Returns a row as plain text, which keeps its links.
fn one_line(row: &[Fragment]) -> Fragment {
    let mut out = Fragment::default();
    for (column, cell) in row.iter().enumerate() {
        if column > 0 {
            out.text.push_str(" | ");
        }
        out.push(cell);
    }
    out
}

/// Returns Markdown in which the header of each table has at least as many cells as its longest row, because
/// the parser would drop the excess cells. Only the parser knows where a table ends, so every following line
/// up to an empty one counts as a row.
pub(super) fn widened(source: String) -> String {
    if !source.contains("--") && !source.contains("|-") && !source.contains(":-") {
        return source;
    }
    let lines: Vec<&str> = source.lines().collect();
    // The number of cells in the longest row from each line to the next empty one.
    let mut longest = vec![0; lines.len() + 2];
    for (index, line) in lines.iter().enumerate().rev() {
        longest[index] = if is_blank(unquoted(line)) { 0 } else { longest[index + 1].max(cells(line)) };
    }
    let mut out = String::with_capacity(source.len());
    let mut missing = 0;
    for (index, line) in lines.iter().enumerate() {
        let below = lines.get(index + 1).copied().unwrap_or_default();
        // Cells that are missing in a header are missing in the delimiter row, too.
        let header = cells(unmarked(unquoted(line)));
        if missing == 0 && header > 0 && is_delimiter_row(below) {
            missing = longest[index + 2].saturating_sub(header);
        }
        out.push_str(line);
        if missing > 0 {
            let cell = if is_delimiter_row(line) { "-|" } else { " |" };
            out.push_str(if line.trim_end_matches(BLANKS).ends_with('|') { "" } else { "|" });
            out.push_str(&cell.repeat(missing));
            missing = if is_delimiter_row(line) { 0 } else { missing };
        }
        out.push('\n');
    }
    out
}

/// Returns the number of cells of a line that is a table row.
pub(super) fn cells(line: &str) -> usize {
    let row = unquoted(line).trim_matches(BLANKS);
    let inner = row.strip_prefix('|').unwrap_or(row);
    let inner = if inner.ends_with("\\|") { inner } else { inner.strip_suffix('|').unwrap_or(inner) };
    let mut escaped = false;
    let bars = inner.bytes().filter(|&byte| {
        let bar = byte == b'|' && !escaped;
        escaped = byte == b'\\' && !escaped;
        bar
    });
    let borders = bars.count();
    if borders == 0 && row.len() == inner.len() { 0 } else { borders + 1 }
}

fn is_delimiter_row(line: &str) -> bool {
    let row = unquoted(line).trim_matches(BLANKS);
    row.contains('-')
        && row.contains('|')
        && row.bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' '))
}

fn padded(text: &str, width: usize, alignment: Alignment) -> String {
    let missing = width.saturating_sub(text.width());
    let left = match alignment {
        Alignment::Right => missing,
        Alignment::Center => missing / 2,
        Alignment::None | Alignment::Left => 0,
    };
    format!("{}{text}{}", " ".repeat(left), " ".repeat(missing - left))
}

#[cfg(test)]
mod tests;
