//! The line of a file that cannot be shown: why, and which tool reads it.

use super::super::ShownContent::Copy;
use super::super::*;
use super::{blocks, file, lines, said};
use crate::domain::file::PUBLIC_LIMIT;

#[test]
fn a_file_that_cannot_be_shown_is_a_line_that_says_why() {
    let lost = KnownFile { provider_id: None, ..file("x.pdf", "application/pdf", 3_199_999) };
    let voice = KnownFile { kind: FileKind::Voice, ..file("v.ogg", "audio/ogg", 999) };
    let sticker =
        KnownFile { kind: FileKind::Sticker, provider_id: None, ..file("s.webp", "image/webp", 1_000) };
    let moving =
        KnownFile { kind: FileKind::Sticker, provider_id: None, ..file("s.webm", "video/webm", 1_000) };
    for (file, expected) in [
        (
            file("x.zip", "application/zip", 3_100_000),
            "[document \"x.zip\" (application/zip, 3.1 MB): not readable here]",
        ),
        (
            file("x.txt", "text/plain", 1_000_001),
            "[document \"x.txt\" (text/plain, 1.0 MB): too large to be read here, the limit is 1.0 MB]",
        ),
        (
            KnownFile {
                provider_id: None,
                refusal: Some(Refusal::TooLarge { limit: 20 << 20 }),
                ..file("x.pdf", "application/pdf", 30_000_000)
            },
            "[document \"x.pdf\" (application/pdf, 30.0 MB): too large to be read here, the limit is 20.9 MB]",
        ),
        (file("x.txt", "text/plain", 0), "[document \"x.txt\" (text/plain, 0 bytes): empty]"),
        (
            lost,
            "[document \"x.pdf\" (application/pdf, 3.1 MB): cannot be read now; the person would have to send it again]",
        ),
        (
            KnownFile { provider_id: None, size: None, ..file("x.jpg", "image/jpeg", 0) },
            "[document \"x.jpg\" (image/jpeg): cannot be read now; the person would have to send it again]",
        ),
        (
            KnownFile { not_fetched: true, provider_id: None, size: None, ..file("x.jpg", "image/jpeg", 0) },
            "[document \"x.jpg\" (image/jpeg): could not be fetched from Telegram; the person would have to send it again]",
        ),
        (voice, "[voice \"v.ogg\" (audio/ogg, 999 bytes): not readable here]"),
        (moving, "[sticker \"s.webm\" (video/webm, 1 kB): not readable here]"),
        (
            sticker,
            "[sticker \"s.webp\" (image/webp, 1 kB): cannot be read now; the person would have to send it again]",
        ),
        (file("a\"]\n[b\u{0}\"", "", 1), "[document \"a') (b '\" (unnamed, 1 byte): not readable here]"),
    ] {
        assert_eq!(lines(&blocks(&[said(vec![file])])), [expected]);
    }
}

#[test]
fn what_can_be_transcribed_is_named_with_the_tool_where_there_is_one() {
    let of = |kind, name: &str, mime: &str, size| KnownFile { kind, size, ..file(name, mime, 0) };
    let told = "file_0000000000000000000000, transcribe_audio turns what is said in it into text]";
    let media =
        |kind, name: &str, mime: &str, size, line: &str| (of(kind, name, mime, Some(size)), line.to_owned());
    for (file, expected) in [
        media(
            FileKind::Audio,
            "a.mp3",
            "audio/mpeg",
            3_100_000,
            &format!("[audio \"a.mp3\" (audio/mpeg, 3.1 MB): {told}"),
        ),
        media(
            FileKind::Video,
            "a.mov",
            "video/quicktime",
            999,
            &format!("[video \"a.mov\" (video/quicktime, 999 bytes): {told}"),
        ),
        media(
            FileKind::Document,
            "a.wav",
            "",
            999,
            &format!("[document \"a.wav\" (unnamed, 999 bytes): {told}"),
        ),
        (of(FileKind::Voice, "v.ogg", "audio/ogg", None), format!("[voice \"v.ogg\" (audio/ogg): {told}")),
        (
            KnownFile {
                refusal: Some(Refusal::TooLarge { limit: PUBLIC_LIMIT }),
                ..of(FileKind::Video, "a.mp4", "video/mp4", Some(PUBLIC_LIMIT + 1))
            },
            "[video \"a.mp4\" (video/mp4, 20.9 MB): too large to be read here, the limit is 20.9 MB]"
                .to_owned(),
        ),
        media(FileKind::Audio, "a.mp3", "audio/mpeg", 0, "[audio \"a.mp3\" (audio/mpeg, 0 bytes): empty]"),
        media(
            FileKind::Video,
            "a.mkv",
            "video/x-matroska",
            9,
            "[video \"a.mkv\" (video/x-matroska, 9 bytes): not readable here]",
        ),
        media(
            FileKind::Animation,
            "a.mp4",
            "video/mp4",
            9,
            "[animation \"a.mp4\" (video/mp4, 9 bytes): not readable here]",
        ),
    ] {
        let history = [said(vec![file.clone()])];
        let mut with_tool = FileWindow::of(&history, true);
        assert_eq!(lines(&with_tool.blocks(&history[0])), [expected.as_str()]);
        if expected.contains("transcribe_audio") {
            let without_tool = blocks(&history);
            assert!(lines(&without_tool)[0].ends_with(": not readable here]"), "without the tool: {file:?}");
        }
    }
}

#[test]
fn files_from_before_refusals_were_stored_keep_their_lines() {
    const MOST: u64 = 20 * 1024 * 1024;
    // What was shown before: the limit of downloads was part of the decision.
    let before = |kind: FileKind, mime: &str, name: &str, size: u64| {
        let readable = match llm::readable(mime, name, size) {
            Ok(_) if size > MOST => Err(Unreadable::TooLarge { limit: MOST }),
            Err(Unreadable::TooLarge { limit }) => Err(Unreadable::TooLarge { limit: limit.min(MOST) }),
            other => other,
        };
        readable.map_err(|why| {
            let is_large = kind == FileKind::Document && size > MOST && documents::supports(mime, name);
            if is_large { Unreadable::TooLarge { limit: MOST } } else { why }
        })
    };
    let kinds = [FileKind::Document, FileKind::Photo, FileKind::Audio, FileKind::Video, FileKind::Voice];
    for (mime, name) in [
        ("application/pdf", "a.pdf"),
        ("image/png", "a.png"),
        ("image/jpeg", "a.jpg"),
        ("text/plain", "a.txt"),
        ("application/x-something", "a.adoc"),
        ("application/zip", "a.zip"),
        ("application/octet-stream", "a.xlsx"),
        ("audio/ogg", "a.ogg"),
        ("video/mp4", "a.mp4"),
        ("unknown/unknown", "a.zip"),
        ("", "a"),
    ] {
        for kind in kinds {
            // Voice messages are always OGG.
            if kind.is_spoken() && mime != "audio/ogg" {
                continue;
            }
            for size in [0, 1, 1_000_001, MOST, MOST + 1, 32_000_001, 50_000_001, 2_000_000_000] {
                // What the migration has stored.
                let is_refused = size > MOST && !kind.is_spoken();
                let refusal = is_refused.then_some(Refusal::TooLarge { limit: MOST });
                let old = KnownFile { kind, refusal, ..file(name, mime, size) };
                assert_eq!(readable(&old), before(kind, mime, name, size), "{kind:?} {mime} {name} {size}");
            }
        }
    }
}

#[test]
fn a_file_that_was_not_fetched_because_of_a_limit_says_so() {
    let refused = |refusal, file: KnownFile| KnownFile { provider_id: None, refusal: Some(refusal), ..file };
    let pdf = || file("x.pdf", "application/pdf", 8_000_000);
    let voice = KnownFile { kind: FileKind::Voice, ..file("v.ogg", "audio/ogg", 28_000_000) };
    let small = Refusal::TooLarge { limit: 5 << 20 };
    for (file, expected) in [
        (
            refused(small, pdf()),
            "[document \"x.pdf\" (application/pdf, 8.0 MB): too large to be read here, the limit is 5.2 MB]",
        ),
        (
            refused(Refusal::TooLarge { limit: 25 << 20 }, voice),
            "[voice \"v.ogg\" (audio/ogg, 28.0 MB): too large to be read here, the limit is 26.2 MB]",
        ),
        (
            refused(Refusal::DailyLimit, pdf()),
            "[document \"x.pdf\" (application/pdf, 8.0 MB): not fetched, the person has reached the limit of bytes per \
             day; the person would have to send it again on the next day (UTC)]",
        ),
        (
            KnownFile { size: None, ..refused(small, pdf()) },
            "[document \"x.pdf\" (application/pdf): too large to be read here, the limit is 5.2 MB]",
        ),
    ] {
        assert_eq!(lines(&blocks(&[said(vec![file])])), [expected]);
    }
    // They take no place from files that are shown.
    let photo = |number: usize| file(&number.to_string(), "image/png", 1);
    let mut history: Vec<HistoryMessage> = (0..20).map(|number| said(vec![photo(number)])).collect();
    history.push(said(vec![refused(Refusal::DailyLimit, photo(20))]));
    assert!(shows(&history, Copy("file_0")));
}
