//! The form of files in prompts: stability and limits.

use chrono::DateTime;
use proptest::prelude::*;

use super::ShownContent::Copy;
use super::*;
use crate::domain::file::{DocumentFault, PUBLIC_LIMIT};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::FileId;
use crate::domain::message::MessageContext;

fn file(name: &str, mime: &str, size: u64) -> KnownFile {
    KnownFile {
        id: FileId(1),
        public_id: PublicFileId::default(),
        kind: FileKind::Document,
        name: name.into(),
        mime: mime.into(),
        size: Some(size),
        provider_id: Some(format!("file_{name}")),
        at: DateTime::UNIX_EPOCH,
        replied: false,
        not_fetched: false,
        spoken: None,
        preview: None,
        fault: None,
        refusal: None,
    }
}

fn said(files: Vec<KnownFile>) -> HistoryMessage {
    HistoryMessage {
        role: Role::User,
        message: None,
        text: String::new(),
        sender: None,
        context: MessageContext::default(),
        edits: 0,
        interrupted: false,
        files,
        sent_files: Vec::new(),
        tool_rounds: Vec::new(),
    }
}

fn blocks(history: &[HistoryMessage]) -> Vec<Block> {
    let mut file_window = FileWindow::of(history, false);
    history.iter().flat_map(|message| file_window.blocks(message)).collect()
}

fn lines(blocks: &[Block]) -> Vec<&str> {
    blocks
        .iter()
        .filter_map(|block| if let Block::Text(text) = block { Some(text.as_str()) } else { None })
        .collect()
}

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
fn the_file_of_a_message_that_is_replied_to_is_told_apart() {
    let theirs = KnownFile { replied: true, ..file("theirs.png", "image/png", 10) };
    let message = said(vec![theirs, file("own.png", "image/png", 10)]);
    let blocks = blocks(std::slice::from_ref(&message));
    assert_eq!(lines(&blocks), ["[the file of the message that is replied to:]"]);
    let shown = |block: &Block| if let Block::File(file) = block { file.name.clone() } else { String::new() };
    assert_eq!(blocks.iter().map(shown).collect::<Vec<_>>(), ["", "theirs.png", "own.png"]);
    assert!(shows([&message], Copy("file_own.png")) && !shows([&message], Copy("file_x")));
}

#[test]
fn what_is_a_line_in_a_prompt_is_not_shown() {
    let photos: Vec<HistoryMessage> =
        (0..21).map(|number| said(vec![file(&number.to_string(), "image/png", 1)])).collect();
    assert!(!shows(&photos, Copy("file_0")) && shows(&photos, Copy("file_10")));
    assert!(shows(&photos[..20], Copy("file_0")));
}

fn previewed(name: &str, preview: &str) -> KnownFile {
    KnownFile { provider_id: None, preview: Some(preview.into()), ..file(name, "application/zip", 3_100_000) }
}

#[test]
fn a_preview_stands_below_the_line_of_its_file() {
    let id = PublicFileId::of_bits(7);
    let file = KnownFile { public_id: id, ..previewed("x.zip", "ZIP archive, 1 part\n[x]") };
    let expected = format!(
        "[document \"x.zip\" (application/zip, 3.1 MB): {id}, what could be read of it follows up to the line that ends \
         it; preview_file reads on]\nZIP archive, 1 part\n[x]\n[end of the preview]"
    );
    let message = said(vec![file]);
    assert_eq!(lines(&blocks(std::slice::from_ref(&message))), [expected.as_str()]);
    assert!(shows([&message], ShownContent::Preview("ZIP archive, 1 part\n[x]")));
    assert!(!shows([&message], ShownContent::Preview("[x]")) && !shows([&message], Copy("file_x.zip")));
}

#[test]
fn of_many_previews_the_newest_are_shown() {
    let history: Vec<HistoryMessage> =
        (0..11).map(|number| said(vec![previewed(&format!("{number}.zip"), &number.to_string())])).collect();
    let shown = |number: usize| shows(&history, ShownContent::Preview(&number.to_string()));
    assert!(!shown(0) && !shown(4) && shown(5) && shown(10));
    let all = blocks(&history);
    assert!(lines(&all)[0].ends_with("left out, because many files came after it; preview_file reads it]"));
    let before = blocks(&history[..10]);
    assert!(lines(&before).iter().all(|text| text.ends_with("[end of the preview]")));
}

#[test]
fn a_document_without_a_preview_says_why() {
    let faulty = |fault| KnownFile { provider_id: None, fault: Some(fault), ..file("x.docx", "", 5) };
    for (fault, reason) in [
        (DocumentFault::Empty, "empty"),
        (DocumentFault::Encrypted, "password"),
        (DocumentFault::Broken, "damaged"),
        (DocumentFault::TooLarge, "too much"),
        (DocumentFault::Unsupported, "not supported"),
    ] {
        let blocks = blocks(&[said(vec![faulty(fault)])]);
        assert!(lines(&blocks)[0].contains(reason), "{blocks:?}");
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

#[test]
fn a_lost_file_becomes_the_line_that_the_next_prompt_has() {
    let there = file("x.pdf", "application/pdf", 10);
    let gone = KnownFile { provider_id: None, ..there.clone() };
    let (before, after) = (blocks(&[said(vec![there])]), blocks(&[said(vec![gone])]));
    let Block::File(shown) = &before[0] else { panic!("{before:?}") };
    assert_eq!(lines(&after), [shown.instead.as_str()]);
}

#[test]
fn the_model_is_never_shown_files_in_its_own_messages() {
    let answer = HistoryMessage { role: Role::Assistant, ..said(vec![file("x.png", "image/png", 1)]) };
    assert_eq!(blocks(&[answer]), []);
}

proptest! {
    /// Photos, PDFs and texts in any order become lines in steps, and a line never becomes a block again.
    #[test]
    fn blocks_become_lines_in_steps_and_never_come_back(kinds in prop::collection::vec(0..3_usize, 0..80)) {
        let types = [("image/png", 5), ("application/pdf", 5), ("text/plain", 5)];
        let history: Vec<HistoryMessage> = kinds
            .iter()
            .enumerate()
            .map(|(number, &kind)| {
                let (mime, size) = types[kind];
                said(vec![file(&format!("{number}"), mime, size)])
            })
            .collect();
        let mut before: Vec<Block> = Vec::new();
        let mut changes = 0;
        for length in 0..=history.len() {
            let now = blocks(&history[..length]);
            let count = |readable| now.iter().filter(|block| {
                matches!(block, Block::File(file) if file.readable == readable)
            }).count();
            prop_assert!(count(Readable::Image) <= 20);
            prop_assert!(count(Readable::Pdf) <= 10);
            for (old, new) in before.iter().zip(&now) {
                prop_assert!(old == new || matches!((old, new), (Block::File(_), Block::Text(_))));
            }
            changes += usize::from(!now.starts_with(&before));
            before = now;
        }
        let many = |kind| kinds.iter().filter(|&&other| other == kind).count();
        prop_assert!(changes <= many(0) / 10 + many(1) / 5, "{changes} changes of the prefix");
    }
}

#[test]
fn a_picture_or_pdf_that_is_left_out_names_the_tool_that_sees_it() {
    let id = PublicFileId::of_bits(7);
    for (mime, tool, many) in [("image/png", "analyze_image", 21), ("application/pdf", "analyze_pdf", 11)] {
        let sent = |_| said(vec![KnownFile { public_id: id, ..file("x", mime, 1_000) }]);
        let history: Vec<HistoryMessage> = (0..many).map(sent).collect();
        let blocks = blocks(&history);
        let line = lines(&blocks)[0];
        assert!(line.contains(&format!(": {id}, left out,")) && line.contains(tool), "{line}");
        assert!(matches!(blocks.last(), Some(Block::File(_))));
    }
}
