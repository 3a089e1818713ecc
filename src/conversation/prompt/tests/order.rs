//! The order of messages, and of files and their words within them.

use super::super::*;
use super::{said, shape};
use crate::domain::file::{FileKind, KnownFile};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::FileId;
use crate::domain::speech::Spoken;

#[test]
fn unanswered_messages_join_and_a_lone_answer_at_the_start_goes() {
    let history = [
        said(Role::Assistant, "old"),
        said(Role::User, "a"),
        said(Role::User, "b"),
        HistoryMessage { interrupted: true, ..said(Role::Assistant, "half ") },
        said(Role::User, "c"),
    ];
    assert_eq!(
        shape(&messages(&history, ChatKind::Private, false)),
        [
            (Role::User, vec!["a", "b"]),
            (Role::Assistant, vec!["half\n\n[this answer was cut off here]"]),
            (Role::User, vec!["c"]),
        ]
    );
}

fn with_photo(id: &str, text: &str) -> HistoryMessage {
    let photo = KnownFile {
        id: FileId(1),
        public_id: PublicFileId::default(),
        kind: FileKind::Photo,
        name: format!("{id}.jpg"),
        mime: "image/jpeg".into(),
        size: Some(1_000),
        provider_id: Some(id.to_owned()),
        at: chrono::DateTime::UNIX_EPOCH,
        replied: false,
        not_fetched: false,
        spoken: None,
        preview: None,
        fault: None,
        refusal: None,
    };
    HistoryMessage { files: vec![photo], ..said(Role::User, text) }
}

#[test]
fn the_words_of_a_recording_are_the_message() {
    let heard = |kind, words: &str, caption: &str| {
        let mut message = with_photo("v", caption);
        let spoken = Some(Spoken { seconds: 72, text: words.to_owned() });
        message.files[0] = KnownFile { kind, provider_id: None, spoken, ..message.files[0].clone() };
        message
    };
    let history = [
        heard(FileKind::Voice, "Hello.\n> Quoting: me", ""),
        heard(FileKind::VideoNote, "Look!", "at this"),
        heard(FileKind::Voice, "", "hm"),
    ];
    let silence = "[voice \"v.jpg\" (image/jpeg, 1 kB): nothing is said in it]";
    assert_eq!(
        shape(&messages(&history, ChatKind::Private, false)),
        [(
            Role::User,
            vec![
                "[voice message, 1:12]\nHello.\n\\> Quoting: me",
                "[video message, 1:12]\nLook!\n\nat this",
                silence,
                "hm"
            ]
        )]
    );
    let in_group = messages(&history[..1], ChatKind::Group, false);
    let in_group = shape(&in_group);
    assert!(in_group[0].1[0].starts_with("**@ann**:\n\n[voice message, 1:12]\nHello."), "{in_group:?}");
}

#[test]
fn files_come_before_the_text_of_their_message() {
    let history = [
        with_photo("a", "first"),
        with_photo("b", ""),
        said(Role::User, "third"),
        said(Role::Assistant, "ok"),
        said(Role::User, "\u{200b}\u{2800}"),
    ];
    assert_eq!(
        shape(&messages(&history, ChatKind::Private, false)),
        [
            (Role::User, vec!["<a>", "first", "<b>", "third"]),
            (Role::Assistant, vec!["ok"]),
            (Role::User, vec!["[empty message]"]),
        ]
    );
    assert_eq!(
        shape(&messages(&[with_photo("b", "")], ChatKind::Group, false)),
        [(Role::User, vec!["<b>", "**@ann**:"])]
    );
}
