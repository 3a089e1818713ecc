//! Pictures for tests, made by the encoders of the image crate and by hand.

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

/// A location in the form used by the metadata of photos.
pub(super) const PLACE: &[u8] = b"48.858222N-2.294500E";

/// Creates a photo: every pixel differs from its neighbours, and the upper left quarter is dark.
pub(super) fn photo(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let noise = u8::try_from((x * 7 + y * 13) % 23).unwrap_or(0);
        let base = if x < width / 2 && y < height / 2 { 10 } else { 200 };
        Rgb([base + noise, base + noise / 2, base])
    })
    .into()
}

/// Creates a picture of which one half is transparent.
pub(super) fn transparent(width: u32, height: u32) -> DynamicImage {
    RgbaImage::from_fn(width, height, |x, _| Rgba([200, 10, 10, if x < width / 2 { 0 } else { 255 }])).into()
}

/// Encodes a picture in a format.
pub(super) fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Creates a GIF with this number of frames.
pub(super) fn animation(frames: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    for number in 0..frames {
        let color = Rgba([number * 40, 0, 200, 255]);
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(40, 30, color))).unwrap();
    }
    drop(encoder);
    file
}

/// Creates EXIF data with an orientation and a location.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(PLACE);
    exif
}

/// Inserts a segment behind the first marker of a JPEG.
pub(super) fn with_segment(jpeg: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    [&jpeg[..2], &[0xFF, kind], &length.to_be_bytes(), content, &jpeg[2..]].concat()
}

/// Inserts a chunk behind the header of a PNG. The chunk has no valid checksum, because nothing verifies it.
pub(super) fn with_chunk(png: &[u8], kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&png[..33], &length, &kind, content, &[0; 4], &png[33..]].concat()
}

/// Creates a chunk of a WebP file.
pub(super) fn riff(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    let filling: &[u8] = if content.len() % 2 == 1 { &[0] } else { &[] };
    [&kind, &length, content, filling].concat()
}

/// Creates a WebP file from these chunks.
pub(super) fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    let length = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
    [b"RIFF".as_slice(), &length, b"WEBP", &body].concat()
}

/// Creates the header of a WebP with these flags, 40 pixels wide and 30 high.
pub(super) fn webp_header(flags: u8) -> Vec<u8> {
    riff(*b"VP8X", &[flags, 0, 0, 0, 39, 0, 0, 29, 0, 0])
}

/// Returns a grey CMYK JPEG as written by Adobe: 8 by 8 pixels, all coefficients zero.
pub(super) fn cmyk() -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0\xff\xdb\0\x43\0".to_vec();
    file.extend([1; 64]);
    file.extend(b"\xff\xc0\0\x14\x08\0\x08\0\x08\x04\x01\x11\0\x02\x11\0\x03\x11\0\x04\x11\0");
    for table in [0x00, 0x10] {
        file.extend([0xff, 0xc4, 0x00, 0x14, table, 1]);
        file.extend([0; 16]);
    }
    file.extend(b"\xff\xda\0\x0e\x04\x01\0\x02\0\x03\0\x04\0\0\x3f\0\0\xff\xd9");
    file
}
