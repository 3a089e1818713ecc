//! Recognises pictures and their size from the first bytes of a file, and counts the pages of a PDF.

/// A picture, as its header describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Its MIME type.
    pub mime: &'static str,
    /// Width and height in pixels; `None` when the header is damaged.
    pub size: Option<(u32, u32)>,
}

/// Recognises JPEG, PNG, GIF and WebP by their first bytes.
pub(crate) fn picture(bytes: &[u8]) -> Option<Picture> {
    let (mime, size) = if bytes.starts_with(b"\xff\xd8\xff") {
        ("image/jpeg", jpeg_size(bytes))
    } else if bytes.starts_with(b"\x89PNG") {
        ("image/png", pair(be32(bytes, 16), be32(bytes, 20)))
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        ("image/gif", pair(le16(bytes, 6), le16(bytes, 8)))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        ("image/webp", webp_size(bytes))
    } else {
        return None;
    };
    Some(Picture { mime, size: size.filter(|(width, height)| *width > 0 && *height > 0) })
}

/// Returns whether the bytes begin with the signature of a PDF.
pub(crate) fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}

/// Returns the number of visible page objects of a PDF, at least one. Pages inside compressed objects are not
/// counted.
pub(crate) fn pdf_pages(bytes: &[u8]) -> usize {
    let after = |at: usize| bytes[at..].trim_ascii_start();
    let key = b"/Type";
    let starts = bytes.windows(key.len()).enumerate().filter(|(_, window)| window == key);
    let is_page = |at: usize| {
        let rest = after(at + key.len()).strip_prefix(b"/Page");
        rest.is_some_and(|rest| rest.first().is_none_or(|next| !next.is_ascii_alphanumeric()))
    };
    starts.filter(|(at, _)| is_page(*at)).count().max(1)
}

/// Returns whether a PDF is encrypted, with or without a password.
pub(crate) fn is_locked_pdf(bytes: &[u8]) -> bool {
    bytes.windows(8).any(|window| window == b"/Encrypt")
}

fn pair(width: Option<u32>, height: Option<u32>) -> Option<(u32, u32)> {
    width.zip(height)
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?).into())
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?).into())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Walks the segments up to the frame header.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1).filter(|_| bytes.get(at) == Some(&0xff))?;
        match marker {
            // A fill byte, or a marker without a length.
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return pair(be16(bytes, at + 7), be16(bytes, at + 5));
            }
            _ => at += 2 + usize::try_from(be16(bytes, at + 2)?).ok()?,
        }
    }
}

fn webp_size(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8X" => {
            let side = |at: usize| Some((le32(bytes, at)? & 0x00ff_ffff) + 1);
            pair(side(24), le32(bytes, 26).map(|three| (three >> 8) + 1))
        }
        b"VP8L" => {
            let bits = le32(bytes, 21)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8 " => Some((le16(bytes, 26)? & 0x3fff, le16(bytes, 28)? & 0x3fff)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn pictures_tell_their_size() {
        let mut vp8x = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
        vp8x.extend([0xff, 0x04, 0, 0xcf, 0x02, 0]);
        let mut lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f".to_vec();
        lossless.extend((1279_u32 + (719 << 14)).to_le_bytes());
        let mut lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a".to_vec();
        lossy.extend([0x00, 0x05, 0xd0, 0x02]);
        for (bytes, mime) in [
            (samples::jpeg(1280, 720), "image/jpeg"),
            (samples::png(1280, 720), "image/png"),
            (samples::gif(1280, 720), "image/gif"),
            (vp8x, "image/webp"),
            (lossless, "image/webp"),
            (lossy, "image/webp"),
        ] {
            assert_eq!(picture(&bytes), Some(Picture { mime, size: Some((1280, 720)) }), "{mime}");
            for end in 0..bytes.len().min(700) {
                let cut = picture(&bytes[..end]).and_then(|cut| cut.size);
                assert!(cut.is_none_or(|size| size == (1280, 720)), "{mime} cut at {end}: {cut:?}");
            }
        }
        assert_eq!(picture(b"BM"), None);
        assert_eq!(picture(b"\x89PNG").unwrap().size, None);
    }

    #[test]
    fn pages_are_counted_and_page_trees_are_not() {
        for (bytes, pages) in [
            (samples::pdf(3), 3),
            (b"%PDF-1.7 <</Type /Pages>> <</Type/Page/Parent 1 0 R>> <</Type\n/Page>>".to_vec(), 2),
            (b"%PDF-1.7 all of it is compressed".to_vec(), 1),
            (b"/Type".to_vec(), 1),
            (b"/Type /Page".to_vec(), 1),
        ] {
            assert_eq!(pdf_pages(&bytes), pages, "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
