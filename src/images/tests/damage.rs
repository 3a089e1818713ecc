//! Pictures that are damaged, cut, too large to decode, or none at all.

use image::{GenericImageView, ImageFormat};
use proptest::prelude::*;

use super::super::fixtures::{animation, file, photo, riff, webp, webp_header};
use super::super::*;
use super::{decoded, is_dark};

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
