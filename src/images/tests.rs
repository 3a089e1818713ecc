//! Conversion of pictures of all formats, valid and damaged.

use image::{DynamicImage, GenericImageView, ImageFormat};
use proptest::prelude::*;

use super::fixtures::{
    PLACE, animation, cmyk, exif, file, photo, riff, transparent, webp, webp_header, with_chunk, with_segment,
};
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
fn a_picture_is_turned_as_its_metadata_says() {
    let jpeg = file(&photo(64, 32), ImageFormat::Jpeg);
    // The position of the dark quarter in the upright picture.
    for (orientation, dark) in [
        (1, (0, 0)),
        (2, (1, 0)),
        (3, (1, 1)),
        (4, (0, 1)),
        (5, (0, 0)),
        (6, (1, 0)),
        (7, (1, 1)),
        (8, (0, 1)),
    ] {
        let exif = [b"Exif\0\0".as_slice(), &exif(orientation)].concat();
        let shown = fit(&with_segment(&jpeg, 0xE1, &exif)).unwrap();
        let upright = decoded(&shown);
        let size = if orientation < 5 { (64, 32) } else { (32, 64) };
        assert_eq!(upright.dimensions(), size, "{orientation}");
        let found = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .into_iter()
            .find(|(x, y)| is_dark(&upright, size.0 / 4 + x * size.0 / 2, size.1 / 4 + y * size.1 / 2));
        assert_eq!(found, Some(dark), "{orientation}");
        assert!(!has_place(&shown.bytes));
    }
}

#[test]
fn the_place_where_a_photo_was_taken_is_dropped_and_its_pixels_stay() {
    let jpeg = file(&photo(64, 48), ImageFormat::Jpeg);
    let png = file(&photo(64, 48), ImageFormat::Png);
    let still = file(&photo(40, 30), ImageFormat::WebP);
    let jpeg_exif = [b"Exif\0\0".as_slice(), &exif(1)].concat();
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), PLACE].concat();
    let second = [jpeg.clone(), with_segment(&jpeg, 0xE1, &jpeg_exif)].concat();
    for (bare, file) in [
        (&jpeg, with_segment(&jpeg, 0xE1, &jpeg_exif)),
        (&jpeg, with_segment(&jpeg, 0xE1, &xmp)),
        (&jpeg, with_segment(&jpeg, 0xED, PLACE)),
        (&jpeg, with_segment(&jpeg, 0xFE, PLACE)),
        (&jpeg, second),
        (&png, with_chunk(&png, *b"eXIf", &exif(1))),
        (&png, with_chunk(&png, *b"iTXt", PLACE)),
        (&png, [png.clone(), PLACE.to_vec()].concat()),
    ] {
        assert!(has_place(&file));
        assert_eq!(fit(&file).unwrap().bytes, *bare);
    }
    let pixels = still[12..].to_vec();
    let tagged = webp(&[webp_header(0x0C), pixels.clone(), riff(*b"EXIF", &exif(1)), riff(*b"XMP ", PLACE)]);
    assert_eq!(fit(&tagged).unwrap().bytes, webp(&[webp_header(0), pixels]));
    let gif = animation(1);
    let end = gif.len() - 1;
    let comment = [b"\x21\xFE\x14".as_slice(), PLACE, b"\0"].concat();
    let tagged = [&gif[..end], &comment, &gif[end..]].concat();
    assert!(has_place(&tagged) && !has_place(&fit(&tagged).unwrap().bytes));
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

#[test]
fn an_unusual_jpeg_is_not_passed_on() {
    let mut deep = file(&photo(8, 8), ImageFormat::Jpeg);
    let frame = deep.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    deep[frame + 4] = 12;
    assert!(fit(&deep).is_err());
    let mut flat = file(&photo(8, 8), ImageFormat::Jpeg);
    flat[frame + 5..frame + 7].fill(0);
    assert!(fit(&flat).is_err());
}

#[test]
fn a_bomb_is_refused_before_it_is_decoded() {
    let png = file(&photo(8, 8), ImageFormat::Png);
    let mut large_png = png.clone();
    large_png[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let mut large_bmp = file(&photo(8, 8), ImageFormat::Bmp);
    large_bmp[18..26].copy_from_slice(&[0x30, 0x75, 0, 0, 0x30, 0x75, 0, 0]);
    let mut large_gif = animation(1);
    large_gif[6..10].fill(0xFF);
    let mut large_jpeg = file(&photo(8, 8), ImageFormat::Jpeg);
    let frame = large_jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    large_jpeg[frame + 5..frame + 9].fill(0xFF);
    // A small canvas around a large frame.
    let large_webp = webp(&[webp_header(0), riff(*b"VP8 ", b"\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f")]);
    let mut large_icon = file(&photo(8, 8), ImageFormat::Ico);
    let start = large_icon.windows(4).position(|window| window == b"IHDR").unwrap() + 4;
    large_icon[start..start + 8].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    for file in [large_png, large_bmp, large_gif, large_jpeg, large_webp, large_icon] {
        assert_eq!(fit(&file), Err(PictureFault::TooManyPixels), "{:?}", &file[..8]);
    }
}

#[test]
fn what_is_no_picture_or_of_another_format_is_refused() {
    for (bytes, fault) in [
        (b"".as_slice(), PictureFault::Foreign),
        (b"%PDF-1.4", PictureFault::Foreign),
        (b"BMW is a make of cars, and this is a text.", PictureFault::Foreign),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PictureFault::Foreign),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", PictureFault::Foreign),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", PictureFault::Unsupported),
        (b"\0\0\0\x18ftypavif\0\0\0\0", PictureFault::Unsupported),
        (b"\xFF\xD8\xFF", PictureFault::Broken),
        (b"\x89PNG\r\n\x1a\n", PictureFault::Broken),
        (b"GIF89a", PictureFault::Broken),
        (b"RIFF\0\0\0\0WEBP", PictureFault::Broken),
    ] {
        assert_eq!(fit(bytes), Err(fault), "{bytes:?}");
    }
}

#[test]
fn of_a_jpeg_that_was_cut_the_upper_part_is_shown() {
    let jpeg = file(&photo(64, 48), ImageFormat::Jpeg);
    let pixels = jpeg.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14;
    // Half of the pixels at least, so that the upper ones are there.
    for length in usize::midpoint(pixels, jpeg.len())..jpeg.len() {
        let shown = fit(&jpeg[..length]).unwrap();
        assert_eq!(decoded(&shown).dimensions(), (64, 48), "{length}");
        assert!(is_dark(&decoded(&shown), 4, 4), "{length}");
    }
}

#[test]
fn a_picture_may_be_cut_anywhere() {
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::Ico,
    ] {
        let whole = file(&photo(24, 16), format);
        for length in 0..whole.len() {
            if let Ok(shown) = fit(&whole[..length]) {
                assert_eq!(decoded(&shown).dimensions(), (24, 16), "{format:?} {length}");
            }
        }
    }
    let whole = animation(2);
    for length in 0..whole.len() {
        let _ = fit(&whole[..length]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_makes_nothing_panic(
        format in prop::sample::select(vec![
            ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP,
            ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::Ico,
        ]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = file(&photo(24, 16), format);
        for (place, byte) in damage {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(shown) = fit(&bytes) {
            prop_assert!(shown.bytes.len() <= CHAT.bytes);
        }
    }

    #[test]
    fn noise_behind_a_signature_makes_nothing_panic(
        head in prop::sample::select(vec![
            b"\xFF\xD8\xFF".as_slice(), b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP",
            b"II*\0", b"\0\0\x01\0\x01\0",
            b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = fit(&[head, &noise].concat());
    }
}
