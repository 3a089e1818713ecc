//! The largest picture of an icon file.

use super::format::Format;
use super::inspected::{u16_le, u32_le};

/// The length of the header, and of each line of the directory, in bytes.
const HEADER: usize = 6;
const LINE: usize = 16;

/// A picture of an icon.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// A whole PNG file.
    Png(&'a [u8]),
    /// An icon file that has only this bitmap.
    Bitmap(Vec<u8>),
}

/// Returns the picture with the most pixels, and among equals the one with the most colours. Returns `None`
/// if the directory is invalid.
pub(super) fn largest(bytes: &[u8]) -> Option<Entry<'_>> {
    let count = usize::from(u16_le(bytes, 4)?);
    let lines = bytes.get(HEADER..)?.chunks_exact(LINE).take(count);
    // A side of 256 is stored as 0.
    let side = |byte: u8| u32::from(byte.wrapping_sub(1)) + 1;
    let line = lines.max_by_key(|line| (side(line[0]) * side(line[1]), u16_le(line, 6)))?;
    let length = usize::try_from(u32_le(line, 8)?).ok()?;
    let start = usize::try_from(u32_le(line, 12)?).ok()?;
    let content = bytes.get(start..start.checked_add(length)?)?;
    if Format::of(content) == Some(Format::Png) {
        return Some(Entry::Png(content));
    }
    let mut icon = vec![0, 0, 1, 0, 1, 0];
    icon.extend(&line[..12]);
    icon.extend(u32::try_from(HEADER + LINE).ok()?.to_le_bytes());
    icon.extend(content);
    Some(Entry::Bitmap(icon))
}
