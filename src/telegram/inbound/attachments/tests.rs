//! Types, names and sizes of files in messages.

use super::*;
use crate::domain::file::PUBLIC_LIMIT;

#[test]
fn types_are_found_by_the_extension() {
    assert!(TYPES.is_sorted());
    for (name, mime) in [
        ("a.PDF", "application/pdf"),
        ("archive.tar.gz", "application/gzip"),
        ("a.tiff", "image/tiff"),
        ("a.unknown", "application/octet-stream"),
        ("pdf", "application/octet-stream"),
    ] {
        assert_eq!(type_of(name), mime, "{name}");
    }
}

#[test]
fn the_setting_the_provider_and_memory_limit_the_size() {
    const MIB: u64 = 1024 * 1024;
    let too_large = |limit| Err(Unreadable::TooLarge { limit });
    let public = 20 * MIB;
    for (kind, name, most, size, expected) in [
        (FileKind::Document, "a.pdf", public, public, Ok(())),
        (FileKind::Document, "a.pdf", public, public + 1, too_large(public)),
        (FileKind::Document, "a.pdf", public, 40_000_000, too_large(public)),
        (FileKind::Document, "a.pdf", 5 * MIB, 5 * MIB + 1, too_large(5 * MIB)),
        (FileKind::Document, "a.pdf", 2_000 * MIB, 32_000_000, Ok(())),
        (FileKind::Document, "a.pdf", 2_000 * MIB, 32_000_001, too_large(32_000_000)),
        (FileKind::Photo, "a.jpg", public, public + 1, too_large(public)),
        (FileKind::Document, "a.png", 2_000 * MIB, 50_000_001, too_large(50_000_000)),
        (FileKind::Document, "a.txt", public, public + 1, too_large(public)),
        (FileKind::Document, "a.txt", 2_000 * MIB, 32 * MIB + 1, too_large(32 * MIB)),
        (FileKind::Document, "a.zip", public, public + 1, too_large(public)),
        (FileKind::Document, "a.zip", 100 * MIB, 100 * MIB, Ok(())),
        (FileKind::Document, "a.zip", 2_000 * MIB, LARGEST_LOADED, Ok(())),
        (FileKind::Document, "a.zip", 2_000 * MIB, LARGEST_LOADED + 1, too_large(LARGEST_LOADED)),
        (FileKind::Document, "a.exe", public, public + 1, Err(Unreadable::Kind)),
        (FileKind::Video, "a.mp4", public, public + 1, Err(Unreadable::Kind)),
        (FileKind::Voice, "a.ogg", public, public + 1, too_large(public)),
        (FileKind::Voice, "a.ogg", 100 * MIB, 25 * MIB, Ok(())),
        (FileKind::Voice, "a.ogg", 100 * MIB, 25 * MIB + 1, too_large(25 * MIB)),
        (FileKind::Document, "a.zip", public, 0, Err(Unreadable::Empty)),
    ] {
        let attachment = Attachment {
            kind,
            telegram_id: String::new(),
            unique_id: String::new(),
            digest: None,
            name: name.into(),
            mime: type_of(name).into(),
            size: Some(size),
            duration_s: None,
        };
        assert_eq!(fetchable(&attachment, most), expected, "{name} {size} of {most}");
        let refused = match (expected, kind) {
            (Err(Unreadable::TooLarge { limit }), _) => Retrieval::Refused(Refusal::TooLarge { limit }),
            // It could be transcribed otherwise.
            (_, FileKind::Video) => Retrieval::Refused(Refusal::TooLarge { limit: public }),
            _ => Retrieval::Untried,
        };
        assert_eq!(untried(Some(&attachment), most), refused, "{name} {size} of {most}");
    }
}

#[test]
fn audio_and_video_up_to_the_limit_are_heard_on_demand() {
    let file = |kind, name: &str, size| Attachment {
        kind,
        telegram_id: String::new(),
        unique_id: String::new(),
        digest: None,
        name: name.to_owned(),
        mime: type_of(name).to_owned(),
        size,
        duration_s: None,
    };
    let most = PUBLIC_LIMIT;
    let too_large = Err(Unreadable::TooLarge { limit: most });
    for (file, expected) in [
        (file(FileKind::Audio, "a.mp3", Some(most)), Ok(())),
        (file(FileKind::Video, "a.mp4", None), Ok(())),
        (file(FileKind::Document, "a.wav", Some(1)), Ok(())),
        (file(FileKind::Audio, "a.mp3", Some(most + 1)), too_large),
        (file(FileKind::Video, "a.avi", Some(1)), Err(Unreadable::Kind)),
        (file(FileKind::Document, "a.zip", Some(1)), Err(Unreadable::Kind)),
    ] {
        assert_eq!(heard_on_demand(&file, most), expected, "{file:?}");
    }
}

#[test]
fn names_are_one_line_and_not_endless() {
    assert_eq!(clean(" a\n\u{0}b.txt "), "ab.txt");
    for (name, expected) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y", "y"),
        ("a/b\\c.txt", "c.txt"),
        ("dir/", ""),
        ("../..", ""),
        ("отчёт.pdf", "отчёт.pdf"),
    ] {
        assert_eq!(clean(name), expected, "{name}");
    }
    assert_eq!(clean(&format!("{}.pdf", "x".repeat(300))).len(), NAME_CHARS);
    assert!(clean(&format!("{}.pdf", "x".repeat(300))).ends_with("x.pdf"));
}
