//! The chunks of a PNG file: size, kind of pixels, orientation, and a copy without metadata.

use image::metadata::Orientation;

use super::inspected::{Inspected, orientation_of, u32_be};

/// Chunks without which the pixels would look wrong. Texts (XMP), EXIF and times are not kept.
const KEPT: &[&[u8; 4]] =
    &[b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT"];

/// Reads the chunks. Returns `None` if the file does not begin with a header.
pub(super) fn inspect(bytes: &[u8]) -> Option<Inspected> {
    let mut clean = bytes.get(..8)?.to_vec();
    let mut orientation = Orientation::NoTransforms;
    let (mut frames, mut is_complete, mut at) = (1, false, 8);
    while let Some((kind, content, end)) = chunk(bytes, at) {
        match kind {
            b"eXIf" => orientation = orientation_of(content).unwrap_or(orientation),
            b"acTL" => frames = u32_be(content, 0)?.max(1),
            _ => {}
        }
        if KEPT.contains(&kind) {
            clean.extend(bytes.get(at..end)?);
        }
        at = end;
        if kind == b"IEND" {
            is_complete = true;
            break;
        }
    }
    if !is_complete {
        // The decoder gets the truncated chunk too, if it has pixels.
        let cut = bytes.get(at..)?;
        if cut.get(4..8) == Some(b"IDAT") {
            clean.extend(cut);
        }
    }
    let header = clean.get(8..).filter(|header| header.get(4..8) == Some(b"IHDR"))?;
    Some(Inspected {
        size: (u32_be(header, 8)?, u32_be(header, 12)?),
        extra_bytes: 0,
        orientation,
        frames,
        is_plain: is_complete && *header.get(16)? <= 8,
        clean,
    })
}

/// Returns the kind and the content of a chunk, and the position of the next one.
fn chunk(bytes: &[u8], at: usize) -> Option<(&[u8; 4], &[u8], usize)> {
    let length = usize::try_from(u32_be(bytes, at)?).ok()?;
    let kind = bytes.get(at + 4..)?.first_chunk()?;
    let end = at.checked_add(8)?.checked_add(length)?;
    let content = bytes.get(at + 8..end)?;
    bytes.get(end..end + 4)?;
    Some((kind, content, end + 4))
}
