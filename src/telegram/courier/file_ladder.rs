//! The ladder of a delivery of files: which form is tried after an error. After a refusal, the part that the error
//! names is left out; if it names none, all files are sent as documents (unless Telegram already has one of
//! them), then formatting, reply and topic are dropped in turn. No side effects.

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
mod tests;
