//! Which files the model reads, and what they may cost.

use super::*;

#[test]
fn what_the_model_reads_is_decided_by_type_name_and_size() {
    use Readable::{Image, Pdf, Text};
    use Unreadable::{Empty, Kind, TooLarge};
    for (mime, name, size, expected) in [
        ("image/jpeg", "photo.jpg", 1, Ok(Image)),
        ("IMAGE/PNG; charset=binary", "x", 10_000_000, Ok(Image)),
        ("image/png", "x.png", 50_000_000, Ok(Image)),
        ("image/png", "x.png", 50_000_001, Err(TooLarge { limit: 50_000_000 })),
        ("image/webp", "sticker.webp", 0, Err(Empty)),
        ("image/bmp", "x.bmp", 1, Ok(Image)),
        ("image/heic", "x.heic", 1, Ok(Image)),
        ("image/vnd.adobe.photoshop", "x.psd", 1, Err(Kind)),
        ("application/octet-stream", "scan.TIFF", 1, Ok(Image)),
        ("image/svg+xml", "x.svg", 1, Ok(Text)),
        ("application/octet-stream", "x.JPEG", 1, Ok(Image)),
        ("", "scan.pdf", 1, Ok(Pdf)),
        ("application/pdf", "no extension", 32_000_000, Ok(Pdf)),
        ("application/pdf", "x.pdf", 32_000_001, Err(TooLarge { limit: 32_000_000 })),
        ("application/pdf", "x.pdf", 40_000_000, Err(TooLarge { limit: 32_000_000 })),
        ("application/zip", "x.pdf", 1, Err(Kind)),
        ("application/zip", "x.zip", 0, Err(Kind)),
        ("text/x-anything", "x", 1_000_000, Ok(Text)),
        ("text/plain", "x.txt", 1_000_001, Err(TooLarge { limit: 1_000_000 })),
        ("application/json", "x", 1, Ok(Text)),
        ("application/vnd.api+json", "x", 1, Ok(Text)),
        ("application/octet-stream", "main.rs", 1, Ok(Text)),
        ("application/x-something", "main.py", 1, Ok(Text)),
        ("video/mp2t", "main.ts", 1, Ok(Text)),
        ("video/mp4", "main.rs", 1, Err(Kind)),
        ("audio/ogg", "voice.ogg", 1, Err(Kind)),
        ("application/octet-stream", "rs", 1, Err(Kind)),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "x.docx", 1, Err(Kind)),
    ] {
        assert_eq!(readable(mime, name, size), expected, "{mime} {name} {size}");
    }
}

#[test]
fn the_table_of_extensions_can_be_searched() {
    assert!(TEXT_EXTENSIONS.is_sorted());
}

#[test]
fn a_file_weighs_what_it_may_cost() {
    assert_eq!(weight(Readable::Image, 1), 2 * 4_784);
    assert_eq!(weight(Readable::Image, 10_000_000), 2 * 4_784);
    assert_eq!(weight(Readable::Pdf, 1_000), 2 * 3_000);
    assert_eq!(weight(Readable::Pdf, 3_000_000), 2 * 1_000_000);
    assert_eq!(weight(Readable::Pdf, 32_000_000), 2 * 1_800_000);
    assert_eq!(weight(Readable::Text, 500), 500);
}
