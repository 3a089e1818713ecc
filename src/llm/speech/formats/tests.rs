//! Formats by name and type.

use super::*;

#[test]
fn the_name_of_a_file_ends_as_the_service_wants() {
    for (name, mime, sent) in [
        ("voice_AgAD.oga", "audio/ogg", "recording.ogg"),
        ("voice_AgAD.ogg", "audio/ogg", "recording.ogg"),
        ("video_note_AgAD.mp4", "video/mp4", "recording.mp4"),
        ("Song.MP3", "audio/mpeg", "recording.mp3"),
        ("talk", "audio/x-m4a", "recording.m4a"),
        ("film.mov", "video/quicktime", "recording.mp4"),
        ("", "", "recording.ogg"),
    ] {
        assert_eq!(file_name(name, mime), sent, "{name} {mime}");
    }
}

#[test]
fn audio_and_video_are_heard_in_the_formats_of_the_service() {
    for (kind, mime, name, heard) in [
        (FileKind::Audio, "audio/mpeg", "song.mp3", true),
        (FileKind::Audio, "audio/x-ms-wma", "song.wma", false),
        (FileKind::Video, "video/mp4", "film", true),
        (FileKind::Video, "video/x-matroska", "film.mkv", false),
        (FileKind::Document, "application/octet-stream", "talk.FLAC", true),
        (FileKind::Document, "video/mp2t", "film.ts", false),
        (FileKind::Document, "application/pdf", "a.pdf", false),
        (FileKind::Animation, "video/mp4", "cat.mp4", false),
        (FileKind::Sticker, "video/webm", "sticker.webm", false),
        (FileKind::Voice, "", "", true),
    ] {
        assert_eq!(is_heard(kind, mime, name), heard, "{kind:?} {mime} {name}");
    }
}
