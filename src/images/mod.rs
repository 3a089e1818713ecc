//! Turns pictures of many formats into pictures that a model takes. Pure and synchronous.
//!
//! The content decides what a picture is, never its name or MIME type. A picture that is fine as it is keeps
//! its pixels byte for byte and loses only its metadata (location, comments, previews). All others become
//! JPEG or PNG: BMP, TIFF, icons, CMYK, 16 bits per channel, animations (their first frame), rotated by EXIF,
//! too large. HEIC and AVIF are recognised and refused: decoders in pure Rust are too young or not
//! permissively licensed.
//!
//! Memory: `MAX_PIXELS` and `MAX_DECODED_BYTES` (`limits.rs`) are checked from the header, before anything is
//! decoded. One call of [`fit`] takes at most `MAX_DECODED_BYTES` for the decoder, about 70 MB for the
//! smaller picture and its encoded form, and twice the length of the file. A photo of 40 megapixels takes 120
//! MB for its pixels (baseline JPEG).

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
use limits::{MAX_BYTES, MAX_SIDE};

use crate::domain::file::PictureFault;

/// A picture that a model takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Picture {
    /// The content: at most 10 MB, at most 8,000 pixels on each side, without metadata.
    pub bytes: Vec<u8>,
    /// The MIME type of the content.
    pub mime: &'static str,
    /// How many frames the sender's picture has. Only the first one is in an animation's `bytes`.
    pub frames: u32,
}

/// Returns the picture in a form that a model takes.
///
/// # Errors
/// [`PictureFault`] says why there is none.
pub(crate) fn fit(bytes: &[u8]) -> Result<Picture, PictureFault> {
    let format = Format::of(bytes).ok_or(PictureFault::Foreign)?;
    let inspected = match format {
        Format::Jpeg => jpeg::inspect(bytes),
        Format::Png => png::inspect(bytes),
        Format::Gif => gif::inspect(bytes),
        Format::WebP => webp::inspect(bytes),
        Format::Ico => return icon(bytes),
        Format::Bmp | Format::Tiff => return converted(format, Inspected::of_pixels_only(bytes.to_vec())),
        Format::Unsupported => return Err(PictureFault::Unsupported),
    };
    let inspected = inspected.ok_or(PictureFault::Broken)?;
    let (width, height) = inspected.size;
    let fits = inspected.is_plain
        && inspected.frames == 1
        && inspected.orientation == Orientation::NoTransforms
        && width.min(height) > 0
        && width.max(height) <= MAX_SIDE
        && inspected.clean.len() <= MAX_BYTES;
    let mime = match format {
        Format::Jpeg => "image/jpeg",
        Format::Png => "image/png",
        Format::Gif => "image/gif",
        _ => "image/webp",
    };
    if !fits {
        return converted(format, inspected);
    }
    // A request with a picture that the provider cannot decode is rejected as a whole. A JPEG decoder shows
    // what there is of a damaged file, so decoding one would find out nothing.
    if format != Format::Jpeg {
        decode::pixels(format, &inspected)?;
    }
    Ok(Picture { bytes: inspected.clean, mime, frames: 1 })
}

/// Converts the largest picture of an icon, which is a PNG or a bitmap.
fn icon(bytes: &[u8]) -> Result<Picture, PictureFault> {
    match ico::largest(bytes).ok_or(PictureFault::Broken)? {
        ico::Entry::Png(png) => fit(png),
        ico::Entry::Bitmap(icon) => converted(Format::Ico, Inspected::of_pixels_only(icon)),
    }
}

fn converted(format: Format, inspected: Inspected) -> Result<Picture, PictureFault> {
    let frames = inspected.frames;
    let decoded = decode::pixels(format, &inspected)?;
    drop(inspected);
    let (bytes, mime) = encode::encode(decoded)?;
    Ok(Picture { bytes, mime, frames })
}
