//! Formats of pictures, recognised by their first bytes.

/// A format of pictures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Jpeg,
    Png,
    Gif,
    WebP,
    Bmp,
    Tiff,
    Ico,
    /// A picture that cannot be decoded here: HEIC, HEIF, AVIF, JPEG XL, JPEG 2000, Photoshop.
    Unsupported,
}

/// Brands of the ISO container that denote pictures.
const PICTURE_BRANDS: &[&[u8; 4]] =
    &[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1", b"avif", b"avis"];

impl Format {
    /// Returns the format of a picture, or `None` if the bytes are not a picture.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Self::Png,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::WebP,
            // The size of a bitmap's header distinguishes it from a text that begins with these letters.
            [
                b'B',
                b'M',
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                12 | 40 | 52 | 56 | 64 | 108 | 124,
                0,
                0,
                0,
                ..,
            ] => Self::Bmp,
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Self::Tiff,
            [0, 0, 1, 0, count, 0, ..] if *count > 0 => Self::Ico,
            [_, _, _, _, b'f', b't', b'y', b'p', a, b, c, d, ..]
                if PICTURE_BRANDS.contains(&&[*a, *b, *c, *d]) =>
            {
                Self::Unsupported
            }
            [0xFF, 0x0A, ..]
            | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..]
            | [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..]
            | [b'8', b'B', b'P', b'S', ..] => Self::Unsupported,
            _ => return None,
        })
    }
}
