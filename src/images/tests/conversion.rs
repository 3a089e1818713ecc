//! Formats, sizes and colours: what stays as it is and what becomes JPEG or PNG.

use image::{DynamicImage, GenericImageView, ImageFormat};

use super::super::fixtures::{
    animation, cmyk, file, photo, riff, transparent, webp, webp_header, with_chunk,
};
use super::super::*;
use super::{decoded, is_dark};

#[test]
fn pictures_that_are_fine_stay_as_they_are() {
    for (format, mime) in [
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Png, "image/png"),
        (ImageFormat::WebP, "image/webp"),
    ] {
        let file = file(&photo(64, 48), format);
        assert_eq!(fit(&file), Ok(Picture { bytes: file.clone(), mime, frames: 1 }), "{mime}");
    }
    let still = animation(1);
    let shown = fit(&still).unwrap();
    assert_eq!((shown.mime, shown.frames), ("image/gif", 1));
    assert_eq!(decoded(&shown).dimensions(), (40, 30));
}

#[test]
fn a_picture_shrinks_to_sides_and_bytes() {
    for (format, mime) in [(ImageFormat::Jpeg, "image/jpeg"), (ImageFormat::Png, "image/png")] {
        let small = file(&photo(64, 48), format);
        assert_eq!(shrink(&small, 64, 100_000), Ok(Picture { bytes: small.clone(), mime, frames: 1 }));
        let shown = shrink(&file(&photo(640, 480), format), 100, 100_000).unwrap();
        assert_eq!(decoded(&shown).dimensions(), (100, 75), "{mime}");
        assert!(is_dark(&decoded(&shown), 10, 10));
    }
    let shown = shrink(&file(&photo(640, 480), ImageFormat::Png), 640, 60_000).unwrap();
    assert_eq!((shown.mime, shown.bytes.len() <= 60_000), ("image/jpeg", true));
    assert_eq!(decoded(&shown).dimensions(), (640, 480));
    assert_eq!(shrink(&animation(2), 400, 100_000).unwrap().mime, "image/png", "GIF is not taken");
    assert_eq!(shrink(b"no picture", 400, 100_000), Err(PictureFault::Foreign));
}

#[test]
fn other_formats_become_jpeg_or_png() {
    let deep = DynamicImage::ImageRgb16(photo(64, 48).into_rgb16());
    let drawn = DynamicImage::new_rgb8(64, 48);
    for (picture, format, mime) in [
        (photo(64, 48), ImageFormat::Bmp, "image/jpeg"),
        (drawn.clone(), ImageFormat::Bmp, "image/png"),
        (photo(64, 48), ImageFormat::Tiff, "image/jpeg"),
        (transparent(64, 48), ImageFormat::Tiff, "image/png"),
        (photo(64, 48).to_luma8().into(), ImageFormat::Tiff, "image/jpeg"),
        (deep.clone(), ImageFormat::Tiff, "image/jpeg"),
        (deep, ImageFormat::Png, "image/jpeg"),
        (photo(64, 48), ImageFormat::Ico, "image/png"),
    ] {
        let shown = fit(&file(&picture, format)).unwrap();
        assert_eq!((shown.mime, shown.frames), (mime, 1), "{format:?}");
        assert_eq!(decoded(&shown).dimensions(), (64, 48), "{format:?}");
    }
}

#[test]
fn an_icon_with_a_bitmap_is_shown() {
    // The bitmap of an icon has no file header, twice the height, and a mask after its pixels.
    let bitmap = file(&transparent(16, 16).to_rgba8().into(), ImageFormat::Bmp);
    let start = usize::from(bitmap[10]);
    let mut body = [40_u32, 16, 32, 1 | 32 << 16, 0, 0, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
    body.extend(&bitmap[start..start + 16 * 16 * 4]);
    body.extend([0; 16 * 4]);
    let mut icon = vec![0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0];
    icon.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    icon.extend(22_u32.to_le_bytes());
    icon.extend(body);
    assert_eq!(decoded(&fit(&icon).unwrap()).dimensions(), (16, 16));
}

#[test]
fn pictures_in_cmyk_become_rgb() {
    let shown = fit(&cmyk()).unwrap();
    assert_ne!(shown.bytes, cmyk());
    assert!(decoded(&shown).dimensions() == (8, 8) && decoded(&shown).color().channel_count() <= 3);
}

#[test]
fn of_an_animation_the_first_frame_is_shown_and_the_frames_are_counted() {
    let shown = fit(&animation(5)).unwrap();
    assert_eq!((shown.mime, shown.frames), ("image/png", 5));
    assert_eq!(decoded(&shown).get_pixel(3, 3).0[0], 0);
    let moving = with_chunk(&file(&photo(40, 30), ImageFormat::Png), *b"acTL", &[0, 0, 0, 3, 0, 0, 0, 0]);
    let shown = fit(&moving).unwrap();
    assert_eq!((shown.frames, decoded(&shown).dimensions()), (3, (40, 30)));
    let still = file(&photo(40, 30), ImageFormat::WebP);
    let frame = [[0; 6].as_slice(), &[39, 0, 0, 29, 0, 0, 100, 0, 0, 0], &still[12..]].concat();
    let frames = [riff(*b"ANMF", &frame), riff(*b"ANMF", &frame)];
    let moving = webp(&[vec![webp_header(0x02), riff(*b"ANIM", &[0; 6])], frames.to_vec()].concat());
    let shown = fit(&moving).unwrap();
    assert_eq!((shown.frames, decoded(&shown).dimensions()), (2, (40, 30)));
}

#[test]
fn a_picture_that_is_too_large_is_scaled_down() {
    let shown = fit(&file(&photo(8_001, 20), ImageFormat::Png)).unwrap();
    assert_eq!(decoded(&shown).dimensions(), (2_576, 6));
    let wide = fit(&file(&photo(8_000, 20), ImageFormat::Png)).unwrap();
    assert_eq!(decoded(&wide).dimensions(), (8_000, 20), "what the provider takes stays");
}

#[test]
fn a_picture_that_would_be_too_large_as_png_loses_its_transparency() {
    let mut state = 1_u32;
    let noise = image::RgbaImage::from_fn(2_000, 2_000, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgba(state.to_be_bytes())
    });
    let (bytes, mime) =
        encode::encode(decode::Decoded { pixels: noise.into(), profile: None }, CHAT.bytes).unwrap();
    assert_eq!((mime, bytes.len() <= CHAT.bytes), ("image/jpeg", true));
}
