//! Albums: how files are grouped, and the kind of message that each becomes.

use super::*;

fn file(kind: MediaKind, size: u64) -> MediaFile {
    let id = PublicFileId::from_column("00000000-0000-4000-8000-000000000001").unwrap();
    MediaFile { id, kind, telegram_id: None, name: "x".into(), mime: "x/x".into(), size }
}

fn sizes(files: &[MediaFile]) -> Vec<usize> {
    messages(files).iter().map(Vec::len).collect()
}

#[test]
fn more_than_ten_files_are_further_albums_and_kinds_that_do_not_mix_are_apart() {
    use MediaKind::{Animation, Document, Photo, Video, Voice};
    let of = |kinds: &[MediaKind]| sizes(&kinds.iter().map(|&kind| file(kind, 1)).collect::<Vec<_>>());
    assert_eq!(of(&[Photo; 12]), [10, 2]);
    assert_eq!(of(&[Photo, Video, Photo]), [3]);
    assert_eq!(of(&[Photo, Document, Document, Photo]), [1, 2, 1]);
    assert_eq!(of(&[Animation, Animation, Voice, Voice]), [1, 1, 1, 1]);
    assert_eq!(of(&[]), [0; 0]);
    assert_eq!(sizes(&[file(Document, UPLOAD_LIMIT), file(Document, 1)]), [1, 1], "one upload has a limit");
}

#[test]
fn a_kind_follows_from_type_and_size_and_a_wish_that_cannot_be_is_a_document() {
    use MediaKind::{Animation, Audio, Document, Photo, Video, Voice};
    for (wanted, mime, size, expected) in [
        (None, "image/png", 1, Photo),
        (None, "image/png", PHOTO_LIMIT + 1, Document),
        (Some(Document), "image/png", 1, Document),
        (Some(Photo), "image/tiff", 1, Document),
        (None, "image/gif", 1, Animation),
        (None, "audio/ogg", 1, Voice),
        (Some(Audio), "audio/ogg", 1, Audio),
        (None, "audio/mpeg", 1, Audio),
        (None, "video/mp4", 1, Video),
        (Some(Animation), "video/mp4", 1, Animation),
        (Some(Video), "text/plain", 1, Document),
        (None, "application/pdf", 1, Document),
    ] {
        assert_eq!(MediaKind::of(wanted, mime, size), expected, "{wanted:?} {mime} {size}");
    }
}
