//! Metadata: the orientation is applied, the place where a photo was taken is dropped.

use image::{GenericImageView, ImageFormat};

use super::super::fixtures::{
    PLACE, animation, exif, file, photo, riff, webp, webp_header, with_chunk, with_segment,
};
use super::super::*;
use super::{decoded, has_place, is_dark};

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
