//! What is in a file, whatever its type and name say: checked before a copy is sent, because a request with a file that
//! the provider cannot read is rejected as a whole. Pure.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::{Encoding, WINDOWS_1251, WINDOWS_1252};

use super::files::{Readable, Unreadable};

/// How far from its beginning a PDF may say that it is one.
const PDF_HEAD: usize = 1_024;
/// So many whole characters outweigh one broken sequence of bytes, so that a text is UTF-8 all the same.
const WHOLE_PER_BROKEN: usize = 10;

/// A file's content in the form in which it is sent, and its MIME type; text is UTF-8.
///
/// # Errors
/// [`Unreadable::Kind`] when the content is not of this kind, [`Unreadable::Empty`] when there is nothing in a text.
pub(super) fn checked(readable: Readable, bytes: Bytes) -> Result<(Bytes, &'static str), Unreadable> {
    match readable {
        Readable::Image => match image_type(&bytes) {
            Some(mime) => Ok((bytes, mime)),
            None => Err(Unreadable::Kind),
        },
        Readable::Pdf if is_pdf(&bytes) => Ok((bytes, "application/pdf")),
        Readable::Pdf => Err(Unreadable::Kind),
        Readable::Text => Ok((text(bytes)?, "text/plain")),
    }
}

/// The format of a picture by its first bytes; none if no model reads it.
fn image_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn is_pdf(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(PDF_HEAD)];
    head.windows(5).any(|window| window == b"%PDF-")
}

/// A text as UTF-8 without a byte order mark.
fn text(bytes: Bytes) -> Result<Bytes, Unreadable> {
    let text = match Encoding::for_bom(&bytes) {
        Some((encoding, mark)) => {
            let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
            (!broken && !text.contains('\0')).then(|| Bytes::from(text.into_owned()))
        }
        None if std::str::from_utf8(&bytes).is_ok() => Some(bytes),
        None => {
            let text = broken_utf8(&bytes).map(Cow::Owned).or_else(|| legacy(&bytes));
            text.map(|text| Bytes::from(text.into_owned()))
        }
    };
    let text = text.ok_or(Unreadable::Kind)?;
    if text.trim_ascii().is_empty() { Err(Unreadable::Empty) } else { Ok(text) }
}

/// A text that is UTF-8 but for a few places, such as the end of a log that was cut.
fn broken_utf8(bytes: &[u8]) -> Option<String> {
    let (mut whole, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    let is_text = whole >= broken * WHOLE_PER_BROKEN && !bytes.contains(&0);
    is_text.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// A text of a time before Unicode; none if bytes are in it that no text has.
fn legacy(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.iter().any(|byte| matches!(byte, 0..=8 | 0x0B | 0x0E..=0x19 | 0x1C..=0x1F | 0x7F)) {
        return None;
    }
    let encoding = if is_cyrillic(bytes) { WINDOWS_1251 } else { WINDOWS_1252 };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    (!text.contains(|c| matches!(c, '\u{80}'..='\u{9F}'))).then_some(text)
}

/// Letters beyond ASCII stand alone in Western words and side by side in Cyrillic ones.
fn is_cyrillic(bytes: &[u8]) -> bool {
    let is_letter = |byte: &u8| *byte >= 0xC0;
    let letters = bytes.iter().filter(|byte| is_letter(byte)).count();
    let pairs = bytes.windows(2).filter(|pair| pair.iter().all(is_letter)).count();
    pairs * 2 > letters
}

#[cfg(test)]
mod tests {
    use encoding_rs::Encoding;
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<String, Unreadable> {
        let sent = checked(Readable::Text, Bytes::copy_from_slice(bytes));
        sent.map(|(bytes, _)| String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
        encoding.encode(text).0.into_owned()
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    #[test]
    fn texts_of_all_encodings_are_read() {
        let russian = "Привет, мир! Это текст в файле, и он старый.";
        let french = "L'été, où êtes-vous ? À bientôt, François – 5 €";
        for (bytes, expected) in [
            (russian.as_bytes().to_vec(), russian),
            ([b"\xEF\xBB\xBF", russian.as_bytes()].concat(), russian),
            (utf16(russian, u16::to_le_bytes), russian),
            (utf16(french, u16::to_be_bytes), french),
            (encoded(russian, WINDOWS_1251), russian),
            (encoded(french, WINDOWS_1252), french),
            (b"\tname\r\n\x0c\x1b[1mred".to_vec(), "\tname\r\n\x0c\x1b[1mred"),
        ] {
            assert_eq!(read(&bytes).as_deref(), Ok(expected));
        }
        let mut cut = russian.as_bytes().to_vec();
        cut.push(0xD0);
        assert_eq!(read(&cut), Ok(format!("{russian}\u{fffd}")), "cut in the middle of a letter");
    }

    #[test]
    fn what_is_not_what_it_is_said_to_be_is_refused() {
        use Readable::{Image, Pdf, Text};
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0";
        for (readable, bytes, expected) in [
            (Image, b"\x89PNG\r\n\x1a\n".as_slice(), Ok("image/png")),
            (Image, b"\xFF\xD8\xFF\xE0", Ok("image/jpeg")),
            (Image, b"RIFF....WEBPVP8 ", Ok("image/webp")),
            (Image, b"GIF89a", Ok("image/gif")),
            (Image, heic, Err(Unreadable::Kind)),
            (Image, b"%PDF-1.4", Err(Unreadable::Kind)),
            (Pdf, b"%PDF-1.4", Ok("application/pdf")),
            (Pdf, b"\r\n \xEF\xBB\xBF%PDF-1.7", Ok("application/pdf")),
            (Pdf, b"PK\x03\x04", Err(Unreadable::Kind)),
            (Pdf, &[b' '; 2_000], Err(Unreadable::Kind)),
            (Text, b"fn main() {}", Ok("text/plain")),
            (Text, b"\x47\xFF\x00\x10\xC3", Err(Unreadable::Kind)),
            (Text, b"\x7FELF\x02\x01\xFF\xFE", Err(Unreadable::Kind)),
            (Text, b"\xFF\xFE\x00\x00a\x00\x00\x00", Err(Unreadable::Kind)),
            (Text, b"\xFF\xFE\x00\xD8", Err(Unreadable::Kind)),
            (Text, b"\xEF\xBB\xBF", Err(Unreadable::Empty)),
            (Text, b" \r\n", Err(Unreadable::Empty)),
        ] {
            let sent = checked(readable, Bytes::from_static(Box::leak(bytes.into())));
            assert_eq!(sent.map(|(_, mime)| mime), expected, "{readable:?} {bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_sent_as_it_is(text in "\\PC*[a-zа-я]") {
            prop_assert_eq!(read(text.as_bytes()), Ok(text));
        }

        #[test]
        fn anything_is_sent_as_utf8_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(text) = read(&bytes) {
                prop_assert!(!text.trim_ascii().is_empty());
            }
        }
    }
}
