//! Paints pictures: eight by eight blocks whose colours depend on the prompt. Source pictures are put on
//! them, side by side, with the blocks as their frame.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::{self, FilterType as Scaling};
use image::{DynamicImage, GenericImageView as _, ImageResult, Rgb, RgbImage};

const BLOCKS: u32 = 8;

/// The aspect ratios, and their pixels at 1K. A size of 2K doubles both sides, 4K doubles them again.
const RATIOS: [(&str, u32, u32); 10] = [
    ("1:1", 1024, 1024),
    ("2:3", 848, 1264),
    ("3:2", 1264, 848),
    ("3:4", 896, 1200),
    ("4:3", 1200, 896),
    ("4:5", 928, 1152),
    ("5:4", 1152, 928),
    ("9:16", 768, 1376),
    ("16:9", 1376, 768),
    ("21:9", 1584, 672),
];

/// Returns whether the model knows this aspect ratio.
pub(super) fn is_ratio(ratio: &str) -> bool {
    RATIOS.iter().any(|(name, ..)| *name == ratio)
}

/// Returns the sides in pixels. Without a ratio the first source decides, or the picture is square.
pub(super) fn sides(ratio: Option<&str>, size: &str, first: Option<&DynamicImage>) -> (u32, u32) {
    let difference = |width: u32, height: u32| {
        let (own_width, own_height) = first.map_or((1, 1), DynamicImage::dimensions);
        let [width, height, own_width, own_height] = [width, height, own_width, own_height].map(f64::from);
        (width / height).ln() - (own_width / own_height).ln()
    };
    let named = RATIOS.iter().find(|(name, ..)| Some(*name) == ratio);
    let nearest = |a: &&(&str, u32, u32), b: &&(&str, u32, u32)| {
        difference(a.1, a.2).abs().total_cmp(&difference(b.1, b.2).abs())
    };
    let (_, width, height) = *named.or_else(|| RATIOS.iter().min_by(nearest)).unwrap_or(&RATIOS[0]);
    let factor = match size {
        "4K" => 4,
        "2K" => 2,
        _ => 1,
    };
    (width * factor, height * factor)
}

/// Paints a picture; equal arguments give equal pixels.
pub(super) fn paint(prompt: &str, number: usize, sources: &[DynamicImage], sides: (u32, u32)) -> RgbImage {
    let (width, height) = sides;
    let mut picture = RgbImage::new(width, height);
    let row_bytes = width as usize * 3;
    let mut painted: Option<(u32, Vec<u8>)> = None;
    for (y, target) in picture.chunks_exact_mut(row_bytes).enumerate() {
        let block = u32::try_from(y).unwrap_or_default() * BLOCKS / height;
        let row = match painted.take() {
            Some((same, row)) if same == block => row,
            _ => (0..width).flat_map(|x| color(prompt, number, x * BLOCKS / width, block).0).collect(),
        };
        target.copy_from_slice(&row);
        painted = Some((block, row));
    }
    let count = u32::try_from(sources.len()).unwrap_or(1).max(1);
    let (cell, margin) = (width / count, width.min(height) / BLOCKS);
    for (at, source) in (0..count).zip(sources) {
        let room = (cell.saturating_sub(margin * 2 / count).max(1), height - margin * 2);
        let shown = source.resize(room.0, room.1, Scaling::Nearest).into_rgb8();
        let x = i64::from(at * cell + (cell - shown.width()) / 2);
        let y = i64::from((height - shown.height()) / 2);
        imageops::replace(&mut picture, &shown, x, y);
    }
    picture
}

/// Returns the colour of a block.
fn color(prompt: &str, number: usize, column: u32, row: u32) -> Rgb<u8> {
    let mut hasher = DefaultHasher::new();
    (prompt, number, column, row).hash(&mut hasher);
    let [red, green, blue, ..] = hasher.finish().to_le_bytes();
    Rgb([red, green, blue])
}

/// Encodes a picture as PNG or JPEG.
pub(super) fn encode(picture: &RgbImage, jpeg: bool) -> ImageResult<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    if jpeg {
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, 90))?;
    } else {
        let (compression, filter) = (CompressionType::Fast, FilterType::Sub);
        picture.write_with_encoder(PngEncoder::new_with_quality(&mut file, compression, filter))?;
    }
    Ok(file.into_inner())
}
