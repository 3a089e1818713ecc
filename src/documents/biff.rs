//! The records of an XLS, checked before calamine loads all cells: a small file can declare very many.

use std::io::{Cursor, Read, Write};

use super::error::DocumentError;

/// The most cells in the rectangles around the content of all sheets; calamine allocates 32 bytes for each.
const AREA: u64 = 4_000_000;
/// The limit on bytes of shared strings over all cells; a string counts each time a cell uses it.
const TEXT: u64 = 64 << 20;
/// The assumed length of a shared string whose length is unknown: the maximum in bytes of UTF-8.
const LONGEST: u64 = 3 * 65_535;
/// The most sheets of a workbook.
const SHEETS: usize = 1_000;

const STRINGS: u64 = 0xfc;
const CONTINUE: u64 = 0x3c;
const DIMENSIONS: u64 = 0x200;

struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Records<'a> {
    /// The kind, the position and the body of a record.
    type Item = (u64, usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let kind = word(self.bytes, at)?;
        let length = usize::try_from(word(self.bytes, at + 2)?).ok()?;
        self.at = at + 4 + length;
        Some((kind, at, self.bytes.get(at + 4..self.at)?))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u64::from(u16::from_le_bytes([pair[0], pair[1]])))
}

/// Returns a workbook that is safe to read: a compound file with only the checked stream. The declared sizes
/// of sheets are blanked, because calamine would allocate that much.
pub(super) fn checked(bytes: &[u8]) -> Result<Vec<u8>, DocumentError> {
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|_| DocumentError::Broken)?;
    let name = if file.is_stream("/Workbook") { "/Workbook" } else { "/Book" };
    let stream = file.open_stream(name).map_err(|_| DocumentError::Broken)?;
    let mut book = Vec::new();
    stream.take(bytes.len() as u64).read_to_end(&mut book).map_err(|_| DocumentError::Broken)?;
    check(&book)?;
    let mut declared: Vec<usize> = Vec::new();
    for sheet in sheets(&book)? {
        let records = Records { bytes: &book, at: sheet };
        declared.extend(records.filter(|(kind, ..)| *kind == DIMENSIONS).map(|(_, at, _)| at));
    }
    for at in declared {
        // The kind of an empty cell, which is skipped.
        book[at..at + 2].copy_from_slice(&[1, 2]);
    }
    let mut safe = cfb::CompoundFile::create(Cursor::new(Vec::new())).map_err(|_| DocumentError::Broken)?;
    let mut stream = safe.create_stream(name).map_err(|_| DocumentError::Broken)?;
    stream.write_all(&book).map_err(|_| DocumentError::Broken)?;
    drop(stream);
    Ok(safe.into_inner().into_inner())
}

/// Returns the positions at which the sheets begin.
fn sheets(book: &[u8]) -> Result<Vec<usize>, DocumentError> {
    let mut found = Vec::new();
    for (kind, _, body) in (Records { bytes: book, at: 0 }) {
        match kind {
            0x2f => return Err(DocumentError::Encrypted),
            0x85 => {
                let start = body.get(..4).and_then(|start| start.try_into().ok()).map(u32::from_le_bytes);
                found.push(start.ok_or(DocumentError::Broken)? as usize);
            }
            0x0a => break,
            _ => {}
        }
    }
    found.sort_unstable();
    let all = found.len();
    found.dedup();
    if found.len() < all || all > SHEETS { Err(DocumentError::Broken) } else { Ok(found) }
}

fn check(book: &[u8]) -> Result<(), DocumentError> {
    let strings = Records { bytes: book, at: 0 }.take_while(|(kind, ..)| *kind != 0x0a);
    let strings = strings.filter(|(kind, ..)| *kind == STRINGS).map(|(_, at, _)| at).last();
    let lengths = strings.map_or_else(Vec::new, |at| lengths(book, at));
    let (mut area, mut text, mut walked) = (0, 0, 0);
    for sheet in sheets(book)? {
        let (mut rows, mut columns, mut depth) = (0, 0, 0_usize);
        for (kind, at, body) in (Records { bytes: book, at: sheet }) {
            walked += body.len() + 4;
            if at == sheet && kind != 0x809 || walked > 2 * book.len() {
                return Err(DocumentError::Broken);
            }
            // A chart inside the sheet has its own start and end, and records that resemble cells.
            match kind {
                0x809 => depth += 1,
                0x0a => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if depth > 1 {
                continue;
            }
            let (row, column) = (word(body, 0).unwrap_or(0) + 1, word(body, 2).unwrap_or(0) + 1);
            match kind {
                // Cells with a row and a column, or several columns.
                0x06 | 0x203 | 0x204 | 0x205 | 0x27e | 0xd6 => {
                    (rows, columns) = (row.max(rows), column.max(columns));
                }
                0xfd => {
                    (rows, columns) = (row.max(rows), column.max(columns));
                    let index = word(body, 6).unwrap_or(0) + (word(body, 8).unwrap_or(0) << 16);
                    let length = usize::try_from(index).ok().and_then(|index| lengths.get(index).copied());
                    text += length.unwrap_or(LONGEST);
                }
                0xbd => (rows, columns) = (row.max(rows), (column + body.len() as u64 / 6).max(columns)),
                _ => {}
            }
            if area + rows * columns > AREA || text > TEXT {
                return Err(DocumentError::TooLarge);
            }
        }
        area += rows * columns;
    }
    Ok(())
}

/// Returns upper bounds of the lengths of the shared strings in bytes of UTF-8, as far as the records can be
/// read.
fn lengths(book: &[u8], at: usize) -> Vec<u64> {
    let mut records = Records { bytes: book, at };
    let first = records.next().map(|(_, _, body)| body);
    let more = records.take_while(|(kind, ..)| *kind == CONTINUE).map(|(_, _, body)| body);
    let mut segments = Segments { list: first.into_iter().chain(more).collect(), index: 0, offset: 8 };
    std::iter::from_fn(|| segments.string()).collect()
}

struct Segments<'a> {
    list: Vec<&'a [u8]>,
    index: usize,
    offset: usize,
}

impl Segments<'_> {
    /// Returns the bytes left in the segment; at its end moves to the next one.
    fn left(&mut self) -> Option<usize> {
        let left = self.list.get(self.index)?.len().saturating_sub(self.offset);
        if left > 0 {
            return Some(left);
        }
        (self.index, self.offset) = (self.index + 1, 0);
        self.list.get(self.index).map(|segment| segment.len()).filter(|left| *left > 0)
    }

    fn number(&mut self, bytes: u32) -> Option<usize> {
        let mut number = 0;
        for place in 0..bytes {
            self.left()?;
            number |= usize::from(*self.list.get(self.index)?.get(self.offset)?) << (8 * place);
            self.offset += 1;
        }
        Some(number)
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            let step = self.left()?.min(bytes);
            self.offset += step;
            bytes -= step;
        }
        Some(())
    }

    fn string(&mut self) -> Option<u64> {
        let count = self.number(2)?;
        let mut flags = self.number(1)?;
        let runs = if flags & 8 != 0 { self.number(2)? } else { 0 };
        let extra = if flags & 4 != 0 { self.number(4)? } else { 0 };
        let mut rest = count;
        while rest > 0 {
            let segment = self.index;
            let left = self.left()?;
            if self.index != segment {
                // A continued string begins with a flag for the width of its characters.
                flags = self.number(1)?;
                continue;
            }
            let width = 1 + (flags & 1);
            let taken = rest.min(left / width);
            self.offset += if taken == 0 { left } else { taken * width };
            rest -= taken;
        }
        self.skip(runs * 4 + extra)?;
        Some(count as u64 * 3)
    }
}
