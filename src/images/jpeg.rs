//! The segments of a JPEG file: size, kind of pixels, orientation, and a copy without metadata.

use image::metadata::Orientation;

use super::inspected::{Inspected, orientation_of, u16_be};

/// The number of components of a CMYK picture. Browsers and models expect at most three.
const CMYK: u8 = 4;
/// Bytes per coefficient that the decoder stores if a picture is not decoded row by row.
const COEFFICIENT_BYTES: u64 = 2;

/// The content of a frame header.
struct FrameHeader {
    size: (u32, u32),
    components: u8,
    /// Whether the rows are complete only at the end of the file.
    is_progressive: bool,
    /// Whether all common programs can read the pixels: 8 bits, Huffman codes, lossy.
    is_usual: bool,
}

/// Reads the segments. Returns `None` if the file has no frame header or no pixels.
pub(super) fn inspect(bytes: &[u8]) -> Option<Inspected> {
    let mut clean = bytes.get(..2)?.to_vec();
    let mut orientation = Orientation::NoTransforms;
    let mut frame = None;
    let (mut at, mut has_pixels, mut is_complete) = (2, false, false);
    while let Some(marker_at) = marker(bytes, at) {
        let kind = *bytes.get(marker_at)?;
        if kind == 0xD9 {
            // The rest is not part of this picture: previews and videos, with metadata of their own.
            clean.extend([0xFF, 0xD9]);
            is_complete = true;
            break;
        }
        if matches!(kind, 0x01 | 0xD0..=0xD8) {
            at = marker_at + 1;
            continue;
        }
        let Some(length) = u16_be(bytes, marker_at + 1).map(usize::from) else { break };
        let Some(content) = bytes.get(marker_at + 3..marker_at + 1 + length) else { break };
        if kind == 0xE1 && content.starts_with(b"Exif\0\0") {
            orientation = orientation_of(content).unwrap_or(orientation);
        }
        if is_frame_header(kind) {
            frame = frame.or(frame_header(kind, content));
        }
        at = marker_at + 1 + length;
        if is_kept(kind, content) {
            clean.extend([0xFF, kind]);
            clean.extend(bytes.get(marker_at + 1..at)?);
        }
        if kind == 0xDA {
            has_pixels = true;
            let end = at + pixels_length(bytes.get(at..)?);
            clean.extend(bytes.get(at..end)?);
            at = end;
        }
    }
    if !is_complete {
        // The decoder shows the available pixels if they end with a marker.
        clean.extend([0xFF, 0xD9]);
    }
    let FrameHeader { size, components, is_progressive, is_usual } = frame.filter(|_| has_pixels)?;
    let is_kept_whole = is_progressive || components == CMYK;
    Some(Inspected {
        size,
        extra_bytes: if is_kept_whole { COEFFICIENT_BYTES * u64::from(components) } else { 0 },
        orientation,
        frames: 1,
        is_plain: is_complete && is_usual && components < CMYK,
        clean,
    })
}

/// Returns the position of the next marker's second byte. Any number of `FF` may precede it.
fn marker(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let start = rest.iter().position(|byte| *byte == 0xFF)?;
    let kind = rest[start..].iter().position(|byte| *byte != 0xFF)?;
    Some(from + start + kind)
}

/// Returns the length of the pixels up to the next marker that does not belong to them.
fn pixels_length(bytes: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF);
    bytes.windows(2).position(ends).unwrap_or(bytes.len())
}

fn is_frame_header(kind: u8) -> bool {
    matches!(kind, 0xC0..=0xCF) && !matches!(kind, 0xC4 | 0xC8 | 0xCC)
}

fn frame_header(kind: u8, content: &[u8]) -> Option<FrameHeader> {
    let (height, width) = (u16_be(content, 1)?, u16_be(content, 3)?);
    Some(FrameHeader {
        size: (width.into(), height.into()),
        components: *content.get(5)?,
        is_progressive: !matches!(kind, 0xC0 | 0xC1),
        is_usual: matches!(kind, 0xC0..=0xC2) && content.first() == Some(&8),
    })
}

/// Returns whether the pixels would look wrong without this segment. EXIF, XMP, IPTC, comments and previews
/// are not kept.
fn is_kept(kind: u8, content: &[u8]) -> bool {
    match kind {
        // JFIF, but not its extension, which is a preview.
        0xE0 => content.starts_with(b"JFIF\0"),
        0xE2 => content.starts_with(b"ICC_PROFILE\0"),
        0xEE => content.starts_with(b"Adobe"),
        0xE1 | 0xE3..=0xED | 0xEF | 0xFE => false,
        _ => true,
    }
}
