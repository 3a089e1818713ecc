//! The blocks of a GIF file: size, number of frames, and a copy without metadata.

use image::metadata::Orientation;

use super::inspected::{Inspected, u16_le};

/// Reads the blocks. Returns `None` if the file has no frame.
pub(super) fn inspect(bytes: &[u8]) -> Option<Inspected> {
    let mut size = (u16_le(bytes, 6)?, u16_le(bytes, 8)?);
    let mut at = 13 + table_length(*bytes.get(10)?);
    let mut clean = bytes.get(..at)?.to_vec();
    let (mut frames, mut is_complete) = (0, false);
    while let Some(kind) = bytes.get(at) {
        let head = match kind {
            // An extension: its label.
            0x21 => 2,
            // A frame: its position, its colour table, and the start of its codes.
            0x2C => {
                size.0 = size.0.max(u16_le(bytes, at + 5)?);
                size.1 = size.1.max(u16_le(bytes, at + 7)?);
                11 + table_length(*bytes.get(at + 9)?)
            }
            0x3B => {
                clean.push(0x3B);
                is_complete = true;
                break;
            }
            _ => break,
        };
        let Some(end) = end_of_blocks(bytes, at + head) else {
            // The decoder shows the available part of the first frame.
            frames += u32::from(*kind == 0x2C);
            clean.extend(bytes.get(at..).filter(|_| *kind == 0x2C).unwrap_or_default());
            break;
        };
        // The only extension that is kept is the graphic control, which defines transparency. The others are
        // comments, texts and application data such as XMP.
        let is_kept = *kind == 0x2C || bytes.get(at + 1) == Some(&0xF9);
        clean.extend(bytes.get(at..end).filter(|_| is_kept).unwrap_or_default());
        frames += u32::from(*kind == 0x2C);
        at = end;
    }
    (frames > 0).then_some(Inspected {
        size: (size.0.into(), size.1.into()),
        extra_bytes: 0,
        orientation: Orientation::NoTransforms,
        frames,
        is_plain: is_complete,
        clean,
    })
}

/// Returns the length of the colour table that these flags announce.
fn table_length(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Returns the end of the data that begins at `at`. The data consists of blocks, the last of which is empty.
fn end_of_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}
