//! Decodes the pixels of a picture, rotated by its metadata and no larger than useful.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::ico::IcoDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::tiff::TiffDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageResult, Limits};

use super::format::Format;
use super::inspected::Inspected;
use super::limits::{MAX_DECODED_BYTES, MAX_PIXELS};
use crate::domain::file::PictureFault;

/// Decoded pixels.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The pixels.
    pub pixels: DynamicImage,
    /// The colour profile of the pixels.
    pub profile: Option<Vec<u8>>,
}

/// Checks a size in pixels.
///
/// # Errors
/// Returns [`PictureFault::TooManyPixels`] if the picture is too large to be decoded.
fn check_size((width, height): (u32, u32)) -> Result<(), PictureFault> {
    let is_fit = u64::from(width) * u64::from(height) <= MAX_PIXELS;
    if is_fit { Ok(()) } else { Err(PictureFault::TooManyPixels) }
}

/// Decodes a picture and scales it down so that no side is longer than `side` pixels.
///
/// # Errors
/// Returns a [`PictureFault`] if the pixels cannot be decoded.
pub(super) fn pixels(format: Format, inspected: &Inspected, side: u32) -> Result<Decoded, PictureFault> {
    check_size(inspected.size)?;
    let mut decoder = decoder(format, &inspected.clean).map_err(|error| fault(&error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(PictureFault::Broken);
    }
    check_size((width, height))?;
    let extra = u64::from(width) * u64::from(height) * inspected.extra_bytes;
    if decoder.total_bytes().saturating_add(extra) > MAX_DECODED_BYTES {
        return Err(PictureFault::TooManyPixels);
    }
    decoder.set_limits(limits()).map_err(|error| fault(&error))?;
    let orientation = match format {
        Format::Tiff => decoder.orientation().unwrap_or(Orientation::NoTransforms),
        _ => inspected.orientation,
    };
    let profile = decoder.icc_profile().ok().flatten();
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(|error| fault(&error))?;
    if width.max(height) > side {
        // Unlike the other filters, this one does not copy the large picture.
        pixels = pixels.thumbnail(side, side);
    }
    pixels.apply_orientation(orientation);
    Ok(Decoded { pixels, profile })
}

fn decoder(format: Format, bytes: &[u8]) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    let reader = Cursor::new(bytes);
    Ok(match format {
        Format::Png => Box::new(PngDecoder::with_limits(reader, limits())?),
        Format::Gif => Box::new(GifDecoder::new(reader)?),
        Format::WebP => Box::new(WebPDecoder::new(reader)?),
        Format::Bmp => Box::new(BmpDecoder::new(reader)?),
        Format::Tiff => Box::new(TiffDecoder::new(reader)?),
        Format::Ico => Box::new(IcoDecoder::new(reader)?),
        Format::Jpeg | Format::Unsupported => Box::new(JpegDecoder::new(reader)?),
    })
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits
}

fn fault(error: &ImageError) -> PictureFault {
    match error {
        ImageError::Limits(_) => PictureFault::TooManyPixels,
        ImageError::Unsupported(_) => PictureFault::Unsupported,
        _ => PictureFault::Broken,
    }
}
