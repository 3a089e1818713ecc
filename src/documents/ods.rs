//! ODS: sheets of OpenDocument as rows of displayed values.

use std::collections::HashSet;
use std::io::BufRead;

use super::collector::{Cell, Collector};
use super::container::Container;
use super::error::{DocumentError, Flow};
use super::preview::Unit;
use super::xml::{Node, Xml, attribute};

/// The most bytes of one cell that are kept.
const CELL: usize = 128 << 10;
/// The most columns of a sheet.
const COLUMNS: usize = 16_384;

/// Reads a spreadsheet.
pub(super) fn read(container: &mut Container<'_>, out: &mut Collector) -> Flow {
    let mut tables = 0;
    let mut hidden = HashSet::new();
    let mut xml = container.xml("content.xml")?.ok_or(DocumentError::Broken)?;
    let mut style = String::new();
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        match tag.local_name().as_ref() {
            "table" => tables += 1,
            "style" => style = attribute(&tag, "name").unwrap_or_default(),
            "table-properties"
                if hidden.len() < 10_000 && attribute(&tag, "display").as_deref() == Some("false") =>
            {
                hidden.insert(style.clone());
            }
            _ => {}
        }
    }
    drop(xml);
    out.expect(tables);
    let mut xml = container.xml("content.xml")?.ok_or(DocumentError::Broken)?;
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        if tag.local_name().as_ref() == "table" {
            let name = attribute(&tag, "name").unwrap_or_default();
            let hidden = attribute(&tag, "style-name").is_some_and(|style| hidden.contains(&style));
            let wanted = out.part(Unit::Sheet, &name, hidden)?;
            table(&mut xml, wanted, out)?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Place {
    cells: Vec<Cell>,
    column: usize,
    repeated: usize,
    rows: usize,
    blank: usize,
    text: String,
    value: Option<String>,
    note: bool,
    inside: bool,
}

/// Reads a table to its end.
fn table(xml: &mut Xml<impl BufRead>, wanted: bool, out: &mut Collector) -> Flow {
    let mut at = Place::default();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) if wanted => match tag.local_name().as_ref() {
                "table-row" => {
                    at.rows = count(attribute(&tag, "number-rows-repeated"));
                    at.column = 0;
                    at.cells.clear();
                }
                "table-cell" | "covered-table-cell" => {
                    at.repeated = count(attribute(&tag, "number-columns-repeated"));
                    at.text.clear();
                    at.value = attribute(&tag, "date-value");
                }
                "annotation" => at.note = true,
                "p" => {
                    at.inside = true;
                    if !at.text.is_empty() && !at.note {
                        at.text.push(' ');
                    }
                }
                "s" => at.text.push(' '),
                _ => {}
            },
            Node::Text(text) if at.inside && !at.note && at.text.len() < CELL => at.text.push_str(&text),
            Node::Close(tag) => match tag.local_name().as_ref() {
                "p" => at.inside = false,
                "annotation" => at.note = false,
                "table-cell" | "covered-table-cell" if wanted => at.end_cell(out)?,
                "table-row" if wanted => at.end_row(out)?,
                "table" => break,
                _ => {}
            },
            _ => {}
        }
    }
    Ok(())
}

impl Place {
    fn end_cell(&mut self, out: &mut Collector) -> Flow {
        out.charge(1)?;
        let text = match self.value.take() {
            Some(date) => date.trim_end_matches("T00:00:00").replace('T', " "),
            None => std::mem::take(&mut self.text),
        };
        if text.is_empty() {
            self.column = self.column.saturating_add(self.repeated);
            return Ok(());
        }
        // A long run of one value is a filled range, and its start is enough.
        for column in self.column..self.column.saturating_add(self.repeated.min(1000)).min(COLUMNS) {
            self.cells.push((column, text.clone()));
            out.charge(text.len())?;
        }
        self.column = self.column.saturating_add(self.repeated);
        Ok(())
    }

    fn end_row(&mut self, out: &mut Collector) -> Flow {
        if self.cells.is_empty() {
            self.blank = self.blank.saturating_add(self.rows);
            return Ok(());
        }
        out.empty_rows(std::mem::take(&mut self.blank))?;
        (0..self.rows).try_for_each(|_| out.row(&self.cells))
    }
}

fn count(value: Option<String>) -> usize {
    value.and_then(|value| value.parse().ok()).unwrap_or(1).clamp(1, 1_048_576)
}
