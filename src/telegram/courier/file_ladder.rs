//! The ladder of a delivery of files: which form is tried after an error. A refused photo is sent as a
//! document, a caption without its formatting, then without reply and outside the topic. Pure.

use serde_json::Value;

use super::ladder::{LOOKS, LOOKS_AFTER_FAILURE};
use crate::bot_api::ApiError;
use crate::bot_api::error::Part;
use crate::db::outbox::OutboxMessage;
use crate::domain::ids::{ChatId, MessageId, TopicId};
use crate::domain::media::{MediaFile, MediaKind};

/// A message with files as it is tried now.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct FileForm<'a> {
    /// Where it goes.
    pub(super) chat: ChatId,
    /// The topic in it.
    pub(super) topic: Option<TopicId>,
    /// The message that it replies to.
    pub(super) reply_to: Option<MessageId>,
    /// The caption.
    pub(super) caption: &'a str,
    /// Its formatting, as long as Telegram accepts it.
    pub(super) entities: Option<&'a Value>,
    /// Whether every file is sent as a document.
    as_documents: bool,
}

impl FileForm<'_> {
    /// Returns how a file is sent in this form.
    pub(super) fn kind(&self, file: &MediaFile) -> MediaKind {
        if self.as_documents { MediaKind::Document } else { file.kind }
    }
}

/// What follows a failed call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FileStep {
    /// The form as it is now, at once.
    Try,
    /// The form as it is now, after a pause.
    Wait,
    /// Nothing: it will never be accepted.
    GiveUp,
}

/// The state of a delivery of files.
#[derive(Debug)]
pub(super) struct FileLadder<'a> {
    form: FileForm<'a>,
    /// Whether the files can be sent as documents: Telegram does not change the kind of a file that it has.
    can_be_documents: bool,
    looks: i64,
}

impl<'a> FileLadder<'a> {
    /// Starts a delivery; `begun` says whether Telegram may have the message already.
    pub(super) fn new(owed: &'a OutboxMessage, media: &[MediaFile], begun: bool) -> Self {
        let is_formatted = owed.entities.as_array().is_none_or(|entities| !entities.is_empty());
        let form = FileForm {
            chat: owed.chat,
            topic: owed.topic,
            reply_to: owed.reply_to,
            caption: &owed.text,
            entities: Some(&owed.entities).filter(|_| is_formatted),
            as_documents: false,
        };
        let can_be_documents = media.iter().all(|file| file.telegram_id.is_none())
            && media.iter().any(|file| file.kind != MediaKind::Document);
        Self { form, can_be_documents, looks: if begun { LOOKS } else { 0 } }
    }

    /// Returns the message as it is to be sent now.
    pub(super) fn form(&self) -> &FileForm<'a> {
        &self.form
    }

    /// Continues in another chat, which the group has become; its messages have other numbers.
    pub(super) fn move_to(&mut self, chat: ChatId) {
        (self.form.chat, self.form.topic, self.form.reply_to) = (chat, None, None);
        self.looks = 0;
    }

    /// Returns the number of message ids under which to search before sending.
    pub(super) fn looks(&self) -> i64 {
        self.looks
    }

    /// Records that the search has found nothing.
    pub(super) fn not_found(&mut self) {
        self.looks = 0;
    }

    /// Returns what follows an error. Each refusal makes the form plainer, so there is an end.
    pub(super) fn next(&mut self, error: &ApiError) -> FileStep {
        match error {
            ApiError::Flood(_) => FileStep::Try,
            ApiError::Blocked(_) | ApiError::Closed(_) => FileStep::GiveUp,
            error if error.is_passing() => {
                self.looks = self.looks.max(match error {
                    ApiError::Server(_) => LOOKS_AFTER_FAILURE,
                    ApiError::Broken(_) | ApiError::Unreadable(_) => LOOKS,
                    _ => 0,
                });
                FileStep::Wait
            }
            // Too large, or gone: no other form is smaller.
            ApiError::Refused { code: 410 | 413, .. } => FileStep::GiveUp,
            error => {
                let named = error.blames().is_some_and(|part| self.leave_out(part));
                if named || self.leave_something_out() { FileStep::Try } else { FileStep::GiveUp }
            }
        }
    }

    /// Leaves out the part that an error names. Returns `false` if it is not there.
    fn leave_out(&mut self, part: Part) -> bool {
        let form = &mut self.form;
        match part {
            Part::Entities => form.entities.take().is_some(),
            Part::Reply => form.reply_to.take().is_some(),
            Part::Topic => form.topic.take().is_some() | (form.reply_to.take().is_some()),
            Part::Keyboard | Part::Edited | Part::Length => false,
        }
    }

    /// Changes what is missed least. Returns `false` if nothing is left.
    fn leave_something_out(&mut self) -> bool {
        if self.can_be_documents && !self.form.as_documents {
            self.form.as_documents = true;
            return true;
        }
        self.leave_out(Part::Entities) || self.leave_out(Part::Reply) || self.leave_out(Part::Topic)
    }
}

#[cfg(test)]
mod tests {
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
}
