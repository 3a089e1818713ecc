//! XLS and XLSB, the binary workbooks, through calamine.

use std::io::Cursor;

use calamine::{Data, DataRef, ExcelDateTime, Reader, SheetVisible, Xls, XlsError, Xlsb, XlsbError};

use super::biff::checked;
use super::collector::{Cell, Collector};
use super::container::Container;
use super::error::{DocumentError, Flow};
use super::number_format::number;
use super::preview::Unit;

/// The most unpacked bytes of an XLSB, which calamine partly keeps in memory.
const UNPACKED: u64 = 128 << 20;

/// Reads a workbook of Excel 97 to 2003.
pub(super) fn read_xls(bytes: &[u8], out: &mut Collector) -> Flow {
    let mut book = Xls::new(Cursor::new(checked(bytes)?)).map_err(|error| match error {
        XlsError::Password => DocumentError::Encrypted,
        _ => DocumentError::Broken,
    })?;
    let sheets = book.sheets_metadata().to_vec();
    out.expect(sheets.len());
    for sheet in sheets {
        if !out.part(Unit::Sheet, &sheet.name, sheet.visible != SheetVisible::Visible)? {
            continue;
        }
        let Ok(range) = book.worksheet_range(&sheet.name) else { continue };
        let Some((top, left)) = range.start() else { continue };
        out.empty_rows(top as usize)?;
        let mut blank = 0;
        for row in range.rows() {
            let filled = row.iter().enumerate().filter(|(_, cell)| !matches!(cell, Data::Empty));
            let cells: Vec<Cell> = filled.map(|(at, cell)| (left as usize + at, data(cell))).collect();
            if cells.is_empty() {
                out.charge(row.len())?;
                blank += 1;
                continue;
            }
            out.empty_rows(blank)?;
            out.row(&cells)?;
            blank = 0;
        }
    }
    Ok(())
}

/// Reads a binary workbook of Excel 2007 or later.
pub(super) fn read_xlsb(bytes: &[u8], out: &mut Collector) -> Flow {
    Container::open(bytes)?.measure(UNPACKED)?;
    let mut book = Xlsb::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsbError::Password => DocumentError::Encrypted,
        _ => DocumentError::Broken,
    })?;
    let sheets = book.sheets_metadata().to_vec();
    out.expect(sheets.len());
    for sheet in sheets {
        if !out.part(Unit::Sheet, &sheet.name, sheet.visible != SheetVisible::Visible)? {
            continue;
        }
        let Ok(mut reader) = book.worksheet_cells_reader(&sheet.name) else { continue };
        let (mut row, mut rows) = (0, 0);
        let mut cells: Vec<Cell> = Vec::new();
        while let Some(cell) = reader.next_cell().map_err(|_| DocumentError::Broken)? {
            let (at, column) = cell.get_position();
            out.charge(1)?;
            if matches!(cell.get_value(), DataRef::Empty) {
                continue;
            }
            if at != row {
                rows = flush(rows, row, &mut cells, out)?;
                row = at;
            }
            let text = data(&cell.get_value().clone().into());
            out.charge(text.len())?;
            cells.push((column as usize, text));
        }
        flush(rows, row, &mut cells, out)?;
    }
    Ok(())
}

fn flush(rows: usize, row: u32, cells: &mut Vec<Cell>, out: &mut Collector) -> Flow<usize> {
    if cells.is_empty() {
        return Ok(rows);
    }
    out.empty_rows((row as usize).saturating_sub(rows))?;
    out.row(cells)?;
    cells.clear();
    Ok(row as usize + 1)
}

fn data(cell: &Data) -> String {
    match cell {
        Data::Int(value) => value.to_string(),
        Data::Float(value) => number(*value),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(value) => moment(*value),
        Data::Error(error) => error.to_string(),
        Data::Empty => String::new(),
    }
}

fn moment(value: ExcelDateTime) -> String {
    if value.is_duration() {
        return super::number_format::NumberFormat::Duration
            .show(&value.as_f64().to_string(), super::number_format::Calendar::default());
    }
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    if value.as_f64() < 1.0 {
        return format!("{hour:02}:{minute:02}:{second:02}");
    }
    if (hour, minute, second) == (0, 0, 0) {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}
