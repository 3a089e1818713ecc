//! CSV and TSV with any delimiter.

use super::collector::{Cell, Collector};
use super::error::{DocumentError, Flow};
use super::preview::Unit;

/// The number of leading characters that decide the delimiter.
const HEAD: usize = 16 << 10;

/// The most columns shown, as in a workbook.
const COLUMNS: usize = 16_384;

/// Reads a table of decoded text.
pub(super) fn read(text: &str, out: &mut Collector) -> Flow {
    out.expect(1);
    out.part(Unit::Sheet, "", false)?;
    let (text, delimiter) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
        Some((line, rest)) if line.trim_end().len() == 1 => (rest, line.as_bytes()[0]),
        _ => (text, delimiter(text)),
    };
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).delimiter(delimiter);
    let mut reader = reader.from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut cells: Vec<Cell> = Vec::new();
    while reader.read_record(&mut record).map_err(|_| DocumentError::Broken)? {
        cells.clear();
        let wanted = out.wants_row();
        for (column, field) in record.iter().enumerate() {
            out.charge(1)?;
            if !field.is_empty() && (column < COLUMNS || column + 1 == record.len()) {
                cells.push((column, if wanted { field.to_owned() } else { String::new() }));
            }
        }
        out.charge(record.as_slice().len())?;
        out.row(&cells)?;
    }
    Ok(())
}

/// Returns the delimiter that divides most of the first lines into the same number of fields. Quotes are
/// respected.
pub(super) fn delimiter(text: &str) -> u8 {
    let head: String = text.chars().take(HEAD).collect();
    let score = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true).delimiter(delimiter);
        let mut reader = reader.from_reader(head.as_bytes());
        let widths: Vec<usize> = reader.records().take(50).flatten().map(|record| record.len()).collect();
        let most = widths.iter().copied().filter(|width| *width > 1);
        let best =
            most.map(|width| widths.iter().filter(|other| **other == width).count() * 1000 + width.min(999));
        best.max().unwrap_or(0)
    };
    // Of equal scores, `max_by_key` returns the last.
    [b':', b'|', b',', b'\t', b';'].into_iter().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}
