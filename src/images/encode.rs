//! Encodes pixels as PNG or JPEG within a size.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageEncoder, ImageResult, Rgba, RgbaImage};

use super::decode::Decoded;
use crate::domain::file::PictureFault;

/// The qualities of JPEG in percent; the lower ones are used if the file would be too large.
const QUALITIES: [u8; 4] = [90, 75, 50, 25];

/// Encodes a picture: PNG if it is transparent or drawn, otherwise JPEG. Returns the file of at most
/// `most` bytes and its MIME type.
///
/// # Errors
/// Returns [`PictureFault::TooManyPixels`] if the file is too large even at the lowest quality.
pub(super) fn encode(decoded: Decoded, most: usize) -> Result<(Vec<u8>, &'static str), PictureFault> {
    let Decoded { pixels, profile } = decoded;
    let mut pixels = eight_bits(pixels);
    if is_drawn(&pixels) || pixels.color().has_alpha() {
        let file = png(&pixels, profile.as_deref()).map_err(|_| PictureFault::Broken)?;
        if file.len() <= most {
            return Ok((file, "image/png"));
        }
    }
    if let DynamicImage::ImageRgba8(transparent) = &pixels {
        pixels = DynamicImage::ImageRgba8(on_white(transparent)).into_rgb8().into();
    }
    for quality in QUALITIES {
        let file = jpeg(&pixels, profile.as_deref(), quality).map_err(|_| PictureFault::Broken)?;
        if file.len() <= most {
            return Ok((file, "image/jpeg"));
        }
    }
    Err(PictureFault::TooManyPixels)
}

/// Returns the picture with 8 bits per channel, with transparency only if a pixel is transparent.
fn eight_bits(pixels: DynamicImage) -> DynamicImage {
    let color = pixels.color();
    if color.has_alpha() {
        let pixels = pixels.into_rgba8();
        let is_transparent = pixels.pixels().any(|pixel| pixel.0[3] < u8::MAX);
        let pixels = DynamicImage::ImageRgba8(pixels);
        return if is_transparent { pixels } else { pixels.into_rgb8().into() };
    }
    if color.has_color() { pixels.into_rgb8().into() } else { pixels.into_luma8().into() }
}

/// Returns whether at least half of the pixels equal their left neighbours, as in screenshots and charts.
/// JPEG blurs the letters in such pictures, and PNG compresses them well.
fn is_drawn(pixels: &DynamicImage) -> bool {
    let channels = usize::from(pixels.color().channel_count());
    let row = pixels.width() as usize * channels;
    let (mut equal, mut all) = (0_u64, 0_u64);
    for row in pixels.as_bytes().chunks_exact(row.max(1)) {
        let left = row.chunks_exact(channels);
        let right = left.clone().skip(1);
        equal += left.zip(right).map(|(left, right)| u64::from(left == right)).sum::<u64>();
        all += (row.len() / channels) as u64;
    }
    equal * 2 >= all
}

fn on_white(pixels: &RgbaImage) -> RgbaImage {
    let mut canvas = RgbaImage::from_pixel(pixels.width(), pixels.height(), Rgba([u8::MAX; 4]));
    image::imageops::overlay(&mut canvas, pixels, 0, 0);
    canvas
}

fn png(pixels: &DynamicImage, profile: Option<&[u8]>) -> ImageResult<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive);
    if let Some(profile) = fitting(pixels, profile) {
        encoder.set_icc_profile(profile.to_vec()).map_err(image::ImageError::Unsupported)?;
    }
    pixels.write_with_encoder(encoder)?;
    Ok(file)
}

fn jpeg(pixels: &DynamicImage, profile: Option<&[u8]>, quality: u8) -> ImageResult<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut file, quality);
    if let Some(profile) = fitting(pixels, profile) {
        encoder.set_icc_profile(profile.to_vec()).map_err(image::ImageError::Unsupported)?;
    }
    pixels.write_with_encoder(encoder)?;
    Ok(file)
}

/// Returns the profile if it fits the pixels: the profile of a CMYK picture does not fit its RGB pixels.
fn fitting<'a>(pixels: &DynamicImage, profile: Option<&'a [u8]>) -> Option<&'a [u8]> {
    let space: &[u8] = if pixels.color().has_color() { b"RGB " } else { b"GRAY" };
    profile.filter(|profile| profile.get(16..20) == Some(space))
}
