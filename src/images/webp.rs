//! The chunks of a WebP file: size, number of frames, orientation, and a copy without metadata.

use image::metadata::Orientation;

use super::inspected::{Inspected, orientation_of, u16_le, u32_le};

/// The flags of the extended header that announce EXIF and XMP.
const METADATA_FLAGS: u8 = 0x08 | 0x04;
/// Bytes per pixel that the decoder allocates for a frame before it copies the frame to its position.
const FRAME_BYTES: u64 = 4;

/// Reads the chunks. Returns `None` if the file has no picture.
pub(super) fn inspect(bytes: &[u8]) -> Option<Inspected> {
    let mut found = Found { clean: bytes.get(..12)?.to_vec(), ..Found::default() };
    let mut at = 12;
    while let Some((kind, content, end)) = chunk(bytes, at) {
        found.take(kind, content, bytes.get(at..end)?);
        at = end;
    }
    let Found { mut clean, size, frames, stills, orientation } = found;
    let length = u32::try_from(clean.len() - 8).ok()?;
    clean.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    let frames = if frames > 0 { frames } else { stills };
    (frames > 0).then_some(Inspected {
        size,
        extra_bytes: FRAME_BYTES,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        frames,
        // Missing bytes would belong to a chunk, and an incomplete chunk is not read.
        is_plain: stills > 0,
        clean,
    })
}

#[derive(Default)]
struct Found {
    clean: Vec<u8>,
    size: (u32, u32),
    frames: u32,
    stills: u32,
    orientation: Option<Orientation>,
}

impl Found {
    fn take(&mut self, kind: [u8; 4], content: &[u8], whole: &[u8]) {
        match &kind {
            b"EXIF" => self.orientation = self.orientation.or(orientation_of(content)),
            b"VP8X" => {
                let start = self.clean.len();
                self.clean.extend(whole);
                if let Some(flags) = self.clean.get_mut(start + 8) {
                    *flags &= !METADATA_FLAGS;
                }
                self.grow(u24_side(content, 4).zip(u24_side(content, 7)));
            }
            b"VP8 " | b"VP8L" => {
                self.stills += 1;
                self.grow(frame_size(kind, content));
                self.clean.extend(whole);
            }
            b"ANMF" => {
                self.frames += 1;
                self.grow(u24_side(content, 6).zip(u24_side(content, 9)));
                let mut at = 16;
                while let Some((kind, content, end)) = chunk(content, at) {
                    self.grow(frame_size(kind, content));
                    at = end;
                }
                self.clean.extend(whole);
            }
            b"ALPH" | b"ANIM" | b"ICCP" => self.clean.extend(whole),
            _ => {}
        }
    }

    /// Raises `size` to the size in a header, because the decoder allocates before it compares the
    /// sizes.
    fn grow(&mut self, size: Option<(u32, u32)>) {
        let (width, height) = size.unwrap_or_default();
        self.size = (self.size.0.max(width), self.size.1.max(height));
    }
}

/// Returns the kind and the content of a chunk, and the position of the next one.
fn chunk(bytes: &[u8], at: usize) -> Option<([u8; 4], &[u8], usize)> {
    let kind = *bytes.get(at..)?.first_chunk()?;
    let length = usize::try_from(u32_le(bytes, at + 4)?).ok()?;
    let end = at.checked_add(8)?.checked_add(length)?;
    let content = bytes.get(at + 8..end)?;
    // Chunks have an even length; some writers omit the last padding byte.
    Some((kind, content, bytes.len().min(end + length % 2)))
}

/// Returns the size in the header of a frame's pixels.
fn frame_size(kind: [u8; 4], content: &[u8]) -> Option<(u32, u32)> {
    match &kind {
        b"VP8 " => {
            let side = |at| Some(u32::from(u16_le(content, at)? & 0x3FFF));
            side(6).zip(side(8))
        }
        b"VP8L" => {
            let bits = u32_le(content, 1)?;
            Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
        }
        _ => None,
    }
}

/// Reads a side in pixels: three bytes, stored minus one.
fn u24_side(bytes: &[u8], at: usize) -> Option<u32> {
    let [low, middle, high] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([low, middle, high, 0]) + 1)
}
