//! XLSX and XLSM: sheets as rows of displayed values, read as a stream. Formulas give their cached results, or
//! their own text where a program has stored no result.

use super::collector::{Cell, Collector};
use super::container::Container;
use super::error::{DocumentError, Flow};
use super::number_format::{Calendar, NumberFormat};
use super::preview::Unit;
use super::xml::{Node, Xml, attribute};
use std::io::BufRead;

/// The most bytes of shared strings that are kept.
const STRINGS: usize = 32 << 20;
/// The most shared strings that are kept.
const STRING_COUNT: usize = 2_000_000;
/// The most bytes of one cell that are kept; Excel allows 32,767 characters.
const CELL: usize = 128 << 10;
/// The most columns of a sheet.
const COLUMNS: usize = 16_384;
/// The most rows of a sheet.
const ROWS: usize = 1_048_576;

struct Sheet {
    name: String,
    hidden: bool,
    relation: String,
}

#[derive(Default)]
struct Book {
    strings: Strings,
    formats: Vec<NumberFormat>,
    calendar: Calendar,
}

/// Reads a workbook.
pub(super) fn read(container: &mut Container<'_>, out: &mut Collector) -> Flow {
    let (sheets, calendar) = sheets(container)?;
    let relations = container.relations("xl/workbook.xml")?;
    let formats = formats(container)?;
    let strings = strings(container)?;
    let book = Book { strings, formats, calendar };
    out.expect(sheets.len());
    for sheet in &sheets {
        if !out.part(Unit::Sheet, &sheet.name, sheet.hidden)? {
            continue;
        }
        let Some(relation) = relations.get(&sheet.relation) else { continue };
        if let Some(mut xml) = container.xml(&relation.target)? {
            read_sheet(&mut xml, &book, out)?;
        }
    }
    Ok(())
}

fn sheets(container: &mut Container<'_>) -> Flow<(Vec<Sheet>, Calendar)> {
    let mut xml = container.xml("xl/workbook.xml")?.ok_or(DocumentError::Broken)?;
    let (mut sheets, mut calendar) = (Vec::new(), Calendar::default());
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        match tag.local_name().as_ref() {
            "workbookPr" => {
                let value = attribute(&tag, "date1904");
                calendar = Calendar { from_1904: matches!(value.as_deref(), Some("1" | "true")) };
            }
            "sheet" => sheets.push(Sheet {
                name: attribute(&tag, "name").unwrap_or_default(),
                hidden: attribute(&tag, "state").is_some_and(|state| state != "visible"),
                relation: attribute(&tag, "id").unwrap_or_default(),
            }),
            _ => {}
        }
    }
    Ok((sheets, calendar))
}

fn formats(container: &mut Container<'_>) -> Flow<Vec<NumberFormat>> {
    let mut custom = std::collections::HashMap::new();
    let mut formats = Vec::new();
    let Some(mut xml) = container.xml("xl/styles.xml")? else { return Ok(formats) };
    let mut inside = false;
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.local_name().as_ref() {
                "numFmt" if custom.len() < 10_000 => {
                    if let (Some(id), Some(code)) =
                        (attribute(&tag, "numFmtId"), attribute(&tag, "formatCode"))
                    {
                        custom.insert(id, NumberFormat::of_code(&code));
                    }
                }
                "cellXfs" => inside = true,
                "xf" if inside && formats.len() < 100_000 => {
                    let id = attribute(&tag, "numFmtId").unwrap_or_default();
                    let built_in = || NumberFormat::built_in(id.parse().unwrap_or(0));
                    formats.push(custom.get(&id).copied().unwrap_or_else(built_in));
                }
                _ => {}
            },
            Node::Close(tag) if tag.local_name().as_ref() == "cellXfs" => inside = false,
            _ => {}
        }
    }
    Ok(formats)
}

/// Shared strings in one allocation.
#[derive(Default)]
struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    fn get(&self, index: usize) -> &str {
        let start = if index == 0 { Some(0) } else { self.ends.get(index - 1).copied() };
        let range = start.zip(self.ends.get(index)).and_then(|(start, end)| self.text.get(start..*end));
        range.unwrap_or("[text not read]")
    }
}

fn strings(container: &mut Container<'_>) -> Flow<Strings> {
    let mut strings = Strings::default();
    let Some(mut xml) = container.xml("xl/sharedStrings.xml")? else { return Ok(strings) };
    let (mut inside, mut phonetic) = (false, false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.local_name().as_ref() {
                "t" => inside = true,
                "rPh" => phonetic = true,
                _ => {}
            },
            Node::Text(text) if inside && !phonetic => strings.text.push_str(&text),
            Node::Close(tag) => match tag.local_name().as_ref() {
                "t" => inside = false,
                "rPh" => phonetic = false,
                "si" => strings.ends.push(strings.text.len()),
                _ => {}
            },
            _ => {}
        }
        if strings.text.len() > STRINGS || strings.ends.len() > STRING_COUNT {
            break;
        }
    }
    Ok(strings)
}

#[derive(Default)]
struct Position {
    row: usize,
    column: usize,
    kind: String,
    style: usize,
    value: String,
    formula: String,
}

/// The element of a cell whose text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Value,
    Formula,
}

fn read_sheet(xml: &mut Xml<impl BufRead>, book: &Book, out: &mut Collector) -> Flow {
    let mut cells: Vec<Cell> = Vec::new();
    let mut at = Position::default();
    let (mut rows, mut inside) = (0, None);
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.local_name().as_ref() {
                "row" => {
                    let number = attribute(&tag, "r").and_then(|r| r.parse::<usize>().ok());
                    at.row = number.unwrap_or(rows + 1).clamp(rows + 1, ROWS.max(rows + 1));
                    at.column = 0;
                    cells.clear();
                }
                "c" => {
                    let column = attribute(&tag, "r").and_then(|reference| column(&reference));
                    at.column = column.unwrap_or(at.column).min(COLUMNS);
                    at.kind = attribute(&tag, "t").unwrap_or_default();
                    at.style = attribute(&tag, "s").and_then(|s| s.parse().ok()).unwrap_or(0);
                    at.value.clear();
                    at.formula.clear();
                    inside = None;
                }
                "v" | "t" => inside = Some(Inside::Value),
                "f" => inside = Some(Inside::Formula),
                _ => {}
            },
            Node::Text(text) => at.take(inside, &text),
            Node::Close(tag) => match tag.local_name().as_ref() {
                "v" | "t" | "f" => inside = None,
                "c" => {
                    if !at.is_empty() && cells.len() < COLUMNS {
                        let wanted = out.wants_row() && at.row > rows;
                        let text = if wanted { shown(&at, book) } else { String::new() };
                        out.charge(text.len() + 1)?;
                        cells.push((at.column, text));
                    }
                    at.column += 1;
                }
                "row" if !cells.is_empty() => {
                    out.empty_rows(at.row.saturating_sub(rows + 1))?;
                    cells.sort_by_key(|(column, _)| *column);
                    out.row(&cells)?;
                    cells.clear();
                    rows = at.row;
                }
                "sheetData" => break,
                _ => {}
            },
            Node::Other => {}
        }
    }
    Ok(())
}

impl Position {
    fn take(&mut self, inside: Option<Inside>, text: &str) {
        let kept = match inside {
            Some(Inside::Value) => &mut self.value,
            Some(Inside::Formula) => &mut self.formula,
            None => return,
        };
        if kept.len() < CELL {
            kept.push_str(text);
        }
    }

    /// Whether there is nothing to show. A formula of kind "str" has a result: the empty text.
    fn is_empty(&self) -> bool {
        self.value.is_empty() && (self.formula.trim().is_empty() || self.kind == "str")
    }
}

/// Returns the column, from 0, of a reference such as "AB12".
fn column(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic).take(4);
    let number = letters.fold(0, |sum, c| sum * 26 + usize::from(c.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

fn shown(at: &Position, book: &Book) -> String {
    if at.value.is_empty() {
        return format!("={}", at.formula.trim());
    }
    match at.kind.as_str() {
        "s" => {
            at.value.trim().parse().map_or_else(|_| String::new(), |index| book.strings.get(index).to_owned())
        }
        "b" => if at.value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(),
        "" | "n" => {
            let format = book.formats.get(at.style).copied().unwrap_or_default();
            format.show(at.value.trim(), book.calendar)
        }
        _ => at.value.clone(),
    }
}
