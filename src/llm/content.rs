//! Checks a file's content before a copy is sent, whatever its type and name say: the provider rejects a
//! whole request for one file that it cannot read. Pure.

use std::borrow::Cow;

use bytes::Bytes;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, IBM866, ISO_8859_5, KOI8_U, WINDOWS_1251, WINDOWS_1252};

use super::files::{Readable, Unreadable};

/// The number of bytes at the beginning of a file within which a PDF must have its signature.
const PDF_HEAD: usize = 1_024;
/// The number of valid characters beyond ASCII per invalid sequence from which a text still counts as UTF-8.
const WHOLE_PER_BROKEN: usize = 10;
/// With fewer bytes beyond ASCII than this, a guess of `chardetng` counts only if it is a Cyrillic or a
/// multi-byte encoding; else the shape of the words decides. Of 75 short Russian words in windows-1251 the
/// crate alone misreads 31 ("нет" as Greek, "год" as Hebrew, "мама" as Western), the shape 5, both together
/// 5; of 63 Western words 5, 1 and 1 ("naïve" as Baltic). The shape alone reads no word in KOI8-R, both
/// together read 58 of the 75.
const FEW: usize = 16;
/// The Cyrillic encodings that `chardetng` knows.
const CYRILLIC: [&Encoding; 4] = [WINDOWS_1251, KOI8_U, IBM866, ISO_8859_5];
/// The number of bytes from which an encoding is guessed, so that a large file costs no more than a small
/// one.
const SAMPLE: usize = 65_536;
/// The number of bytes before the first one beyond ASCII that belong to the sample, as its context.
const LEAD: usize = 16;

/// Returns a file's content in the form in which it is sent, and its MIME type. Text becomes UTF-8.
///
/// # Errors
/// Returns [`Unreadable::Kind`] if the content is not of this kind, and [`Unreadable::Empty`] for a blank
/// text.
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

/// Returns an image's MIME type by its first bytes, or `None` if no model reads the format.
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

/// Converts a text to UTF-8 without a byte order mark.
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

/// Decodes a text that is UTF-8 except in a few places, such as the end of a log that was cut.
fn broken_utf8(bytes: &[u8]) -> Option<String> {
    let (mut whole, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    let is_text = whole >= broken * WHOLE_PER_BROKEN && !bytes.contains(&0);
    is_text.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// Decodes a text in an encoding from before Unicode. Returns `None` if it has bytes that no text has.
fn legacy(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.iter().any(|byte| matches!(byte, 0..=8 | 0x0B | 0x0E..=0x19 | 0x1C..=0x1F | 0x7F)) {
        return None;
    }
    let (text, _) = encoding(bytes).decode_without_bom_handling(bytes);
    (!text.contains(|c| matches!(c, '\u{80}'..='\u{9F}'))).then_some(text)
}

/// Guesses the encoding of a text that is not UTF-8.
fn encoding(bytes: &[u8]) -> &'static Encoding {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or_default();
    let sample = &bytes[first.saturating_sub(LEAD)..];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&sample[..sample.len().min(SAMPLE)], sample.len() <= SAMPLE);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let is_clear = CYRILLIC.contains(&guess) || !guess.is_single_byte();
    if is_clear || bytes[first..].iter().filter(|byte| !byte.is_ascii()).take(FEW).count() == FEW {
        return guess;
    }
    if is_cyrillic(bytes) { WINDOWS_1251 } else { WINDOWS_1252 }
}

/// Whether most letters beyond ASCII have another one beside them, as in Cyrillic words and unlike in Western
/// ones.
fn is_cyrillic(bytes: &[u8]) -> bool {
    let is_letter = |byte: &u8| *byte >= 0xC0;
    let letters = bytes.iter().filter(|byte| is_letter(byte)).count();
    let pairs = bytes.windows(2).filter(|pair| pair.iter().all(is_letter)).count();
    pairs * 2 > letters
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, KOI8_R, SHIFT_JIS, WINDOWS_1250, WINDOWS_1253};
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
    fn texts_from_before_unicode_are_read_in_their_encoding() {
        let russian = [
            "Привет, мир! Это текст в файле, и он старый.",
            "Привет",
            "Отчёт за май",
            "id,имя\n1,Аня\n2,Пётр\n",
            "Товар;Цена\r\nМолоко;89\r\n",
            "hello world # комментарий",
        ];
        for text in russian {
            for encoding in [WINDOWS_1251, KOI8_R, IBM866] {
                assert_eq!(read(&encoded(text, encoding)).as_deref(), Ok(text), "{}", encoding.name());
            }
            for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                assert_eq!(read(&utf16(text, bytes)).as_deref(), Ok(text), "UTF-16");
            }
        }
        for (text, encoding) in [
            ("ОТЧЁТ", WINDOWS_1251),
            ("Grüße aus Köln", WINDOWS_1252),
            ("Zażółć gęślą jaźń. Pchnąć w tę łódź jeża lub ośm skrzyń fig.", WINDOWS_1250),
            ("Γειά σου Κόσμε, αυτό είναι ένα κείμενο.", WINDOWS_1253),
            ("こんにちは、世界。これはテストです。", SHIFT_JIS),
            ("你好，世界。这是一个测试文件。", GBK),
        ] {
            assert_eq!(read(&encoded(text, encoding)).as_deref(), Ok(text), "{}", encoding.name());
        }
    }

    #[test]
    fn with_few_letters_the_shape_of_the_words_decides() {
        for (text, encoding) in [
            ("нет", WINDOWS_1251),
            ("год", WINDOWS_1251),
            ("мама", WINDOWS_1251),
            ("naïve", WINDOWS_1252),
            ("«Oui»", WINDOWS_1252),
            ("5 €", WINDOWS_1252),
            ("été", WINDOWS_1252),
        ] {
            assert_eq!(read(&encoded(text, encoding)).as_deref(), Ok(text));
        }
    }

    #[test]
    fn letters_far_behind_the_beginning_decide_as_well() {
        let text = format!("{}Отчёт за май\n", "a line of a log\n".repeat(20_000));
        assert_eq!(read(&encoded(&text, KOI8_R)).as_deref(), Ok(text.as_str()));
        let long = "Отчёт за май\n".repeat(20_000);
        assert_eq!(read(&encoded(&long, WINDOWS_1251)).as_deref(), Ok(long.as_str()));
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
