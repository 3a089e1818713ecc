//! The next form of a delivery of files after each error.

use serde_json::json;

use super::*;
use crate::domain::file_id::PublicFileId;

fn file(telegram_id: Option<&str>) -> MediaFile {
    MediaFile {
        id: PublicFileId::of_bits(1),
        kind: MediaKind::Photo,
        telegram_id: telegram_id.map(str::to_owned),
        name: "chart.png".into(),
        mime: "image/png".into(),
        size: 3,
    }
}

fn owed() -> OutboxMessage {
    let entities = json!([{"type": "bold", "offset": 0, "length": 1}]);
    OutboxMessage {
        reply_to: Some(MessageId(7)),
        ..OutboxMessage::new("key".into(), ChatId(-42), Some(TopicId(3)), ("a".into(), entities))
    }
}

/// Returns what each error leads to: the step, and what is left of the form.
fn steps(media: &[MediaFile], errors: &[(u16, &str)]) -> Vec<String> {
    let owed = owed();
    let mut ladder = FileLadder::new(&owed, media, false);
    let step = |&(code, description): &(u16, &str)| {
        let step = ladder.next(&ApiError::classified_for_tests(code, description));
        let form = ladder.form();
        let parts = [
            (form.entities.is_some(), "entities"),
            (form.reply_to.is_some(), "reply"),
            (form.topic.is_some(), "topic"),
        ];
        let left: Vec<&str> = parts.iter().filter(|(has, _)| *has).map(|&(_, name)| name).collect();
        format!("{step:?} {} {}", form.kind(&media[0]).name(), left.join(" "))
    };
    errors.iter().map(step).collect()
}

#[test]
fn a_refused_photo_is_sent_as_a_document_before_anything_is_left_out() {
    let unknown = (400, "Bad Request: PHOTO_INVALID_DIMENSIONS");
    assert_eq!(
        steps(&[file(None)], &[unknown; 5]),
        [
            "Try document entities reply topic",
            "Try document reply topic",
            "Try document topic",
            "Try document ",
            "GiveUp document ",
        ]
    );
    // Telegram does not change the kind of a file that it has.
    assert_eq!(steps(&[file(Some("id"))], &[unknown]), ["Try photo reply topic"]);
}

#[test]
fn what_a_refusal_names_goes_first_and_some_are_final() {
    for (code, description, expected) in [
        (400, "Bad Request: can't parse entities: x", "Try photo reply topic"),
        (400, "Bad Request: message to be replied not found", "Try photo entities topic"),
        (400, "Bad Request: TOPIC_CLOSED", "Try photo entities"),
        (413, "Request Entity Too Large", "GiveUp photo entities reply topic"),
        (403, "Forbidden: bot was blocked by the user", "GiveUp photo entities reply topic"),
        (429, "Too Many Requests", "Try photo entities reply topic"),
        (502, "Bad Gateway", "Wait photo entities reply topic"),
    ] {
        assert_eq!(steps(&[file(None)], &[(code, description)]), [expected], "{description}");
    }
}

#[test]
fn a_message_is_searched_for_when_it_may_have_arrived() {
    let (owed, media) = (owed(), [file(None)]);
    assert_eq!(FileLadder::new(&owed, &media, true).looks(), LOOKS);
    let mut ladder = FileLadder::new(&owed, &media, false);
    assert_eq!(ladder.looks(), 0);
    ladder.next(&ApiError::Server(502));
    assert_eq!(ladder.looks(), LOOKS_AFTER_FAILURE);
    ladder.next(&ApiError::broken_for_tests());
    assert_eq!(ladder.looks(), LOOKS);
    ladder.not_found();
    ladder.next(&ApiError::unreachable_for_tests());
    assert_eq!(ladder.looks(), 0);
}
