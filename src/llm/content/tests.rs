//! Texts in all encodings, and contents that are not what their types say.

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
