//! Conversion of pictures of all formats, valid and damaged.

mod conversion;
mod damage;
mod metadata;

use image::{DynamicImage, GenericImageView};

use super::fixtures::PLACE;
use super::*;

fn has_place(bytes: &[u8]) -> bool {
    bytes.windows(PLACE.len()).any(|window| window == PLACE)
}

fn decoded(picture: &Picture) -> DynamicImage {
    image::load_from_memory(&picture.bytes).unwrap()
}

/// Returns whether a pixel belongs to the photo's dark quarter.
fn is_dark(picture: &DynamicImage, x: u32, y: u32) -> bool {
    picture.get_pixel(x, y).0[0] < 100
}
