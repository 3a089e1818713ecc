//! Converts pictures of many formats into pictures that a model accepts, or into smaller ones. Pure and
//! synchronous.
//!
//! The content decides the format of a picture, not its name or MIME type. A picture that needs no conversion
//! keeps its pixels byte for byte and loses only its metadata (location, comments, previews). All others
//! become JPEG or PNG: BMP, TIFF, icons, CMYK, 16 bits per channel, animations (their first frame), rotated
//! by EXIF, too large. HEIC and AVIF are recognised and rejected: decoders in pure Rust are too immature or
//! not permissively licensed.
//!
//! Memory: `MAX_PIXELS` and `MAX_DECODED_BYTES` (`limits.rs`) are checked from the header before decoding.
//! One call of [`fit`] or [`shrink`] allocates at most `MAX_DECODED_BYTES` for the decoder, about 70 MB for
//! the smaller picture and its encoded form, and twice the length of the file. A photo of 40 megapixels needs
//! 120 MB for its pixels (baseline JPEG).

mod decode;
mod encode;
mod format;
mod gif;
mod ico;
mod inspected;
mod jpeg;
mod limits;
mod png;
mod webp;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use format::Format;
use image::metadata::Orientation;
use inspected::Inspected;
use limits::{CHAT, Target};

use crate::domain::file::PictureFault;

/// A picture that a model accepts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Picture {
    /// The content: within the limits of size, without metadata.
    pub bytes: Vec<u8>,
    /// The MIME type of the content.
    pub mime: &'static str,
    /// The number of frames in the sender's picture. `bytes` has only the first frame of an animation.
    pub frames: u32,
}

/// Converts the picture to a form that a chat model accepts.
///
/// # Errors
/// Returns a [`PictureFault`] if the picture cannot be converted.
pub(crate) fn fit(bytes: &[u8]) -> Result<Picture, PictureFault> {
    fit_to(bytes, CHAT)
}

/// Converts the picture to JPEG, PNG or WebP of at most `most` bytes whose sides have at most `side` pixels.
///
/// # Errors
/// Returns a [`PictureFault`] if the picture cannot be converted.
pub(crate) fn shrink(bytes: &[u8], side: u32, most: usize) -> Result<Picture, PictureFault> {
    fit_to(bytes, Target { bytes: most, accepted_side: side, side, takes_gif: false })
}

fn fit_to(bytes: &[u8], target: Target) -> Result<Picture, PictureFault> {
    let format = Format::of(bytes).ok_or(PictureFault::Foreign)?;
    let inspected = match format {
        Format::Jpeg => jpeg::inspect(bytes),
        Format::Png => png::inspect(bytes),
        Format::Gif => gif::inspect(bytes),
        Format::WebP => webp::inspect(bytes),
        Format::Ico => return icon(bytes, target),
        Format::Bmp | Format::Tiff => {
            return converted(format, Inspected::of_pixels_only(bytes.to_vec()), target);
        }
        Format::Unsupported => return Err(PictureFault::Unsupported),
    };
    let inspected = inspected.ok_or(PictureFault::Broken)?;
    let (width, height) = inspected.size;
    let fits = inspected.is_plain
        && inspected.frames == 1
        && inspected.orientation == Orientation::NoTransforms
        && width.min(height) > 0
        && width.max(height) <= target.accepted_side
        && inspected.clean.len() <= target.bytes
        && (target.takes_gif || format != Format::Gif);
    let mime = match format {
        Format::Jpeg => "image/jpeg",
        Format::Png => "image/png",
        Format::Gif => "image/gif",
        _ => "image/webp",
    };
    if !fits {
        return converted(format, inspected, target);
    }
    // A single picture that the provider cannot decode causes it to reject the whole request. JPEG is not
    // decoded here, because a JPEG decoder shows the readable part even of a damaged file.
    if format != Format::Jpeg {
        decode::pixels(format, &inspected, target.side)?;
    }
    Ok(Picture { bytes: inspected.clean, mime, frames: 1 })
}

/// Converts the largest picture of an icon, which is a PNG or a bitmap.
fn icon(bytes: &[u8], target: Target) -> Result<Picture, PictureFault> {
    match ico::largest(bytes).ok_or(PictureFault::Broken)? {
        ico::Entry::Png(png) => fit_to(png, target),
        ico::Entry::Bitmap(icon) => converted(Format::Ico, Inspected::of_pixels_only(icon), target),
    }
}

fn converted(format: Format, inspected: Inspected, target: Target) -> Result<Picture, PictureFault> {
    let frames = inspected.frames;
    let decoded = decode::pixels(format, &inspected, target.side)?;
    drop(inspected);
    let (bytes, mime) = encode::encode(decoded, target.bytes)?;
    Ok(Picture { bytes, mime, frames })
}
