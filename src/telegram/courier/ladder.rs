//! The fallback ladder of a delivery. When Telegram refuses a message, a plainer form is tried, down to the
//! bare text. The delivery fails only if that is refused too or the chat cannot be written to. Pure: takes
//! Telegram's error and returns the next step.

use std::borrow::Cow;

use serde_json::Value;

use crate::bot_api::ApiError;
use crate::bot_api::error::Part;
use crate::db::outbox::OutboxMessage;
use crate::domain::blank::is_blank;
use crate::domain::ids::{ChatId, MessageId, TopicId};
use crate::rendering::{Limits, RichText, split};

/// The most message ids probed when a message may have been sent without a record.
pub(super) const LOOKS: i64 = 12;
/// The message ids probed after Telegram reported a failure. There is rarely a message then, and if so, it
/// has the first id.
pub(super) const LOOKS_AFTER_FAILURE: i64 = 1;
/// Texts up to this many code points are not cut: they cannot be too long.
const SHORT: usize = 256;

/// The form in which a message is tried.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Form<'a> {
    pub(super) chat: ChatId,
    pub(super) topic: Option<TopicId>,
    /// The formatting; `None` once it is left out.
    pub(super) entities: Option<&'a Value>,
    /// The message that it replies to.
    pub(super) reply_to: Option<MessageId>,
    /// The unfinished message that it replaces.
    pub(super) replaces: Option<MessageId>,
    /// The buttons, shown below the last piece.
    keyboard: Option<&'a Value>,
    /// The text still to be sent.
    whole: Cow<'a, str>,
    /// The end of the next piece in `whole`, in bytes.
    end: usize,
}

impl<'a> Form<'a> {
    /// Returns the next piece of the text.
    pub(super) fn text(&self) -> &str {
        &self.whole[..self.end]
    }

    /// Returns the text after the next piece, for further messages.
    fn rest(&self) -> &str {
        Some(self.whole[self.end..].trim_start()).filter(|rest| !is_blank(rest)).unwrap_or_default()
    }

    /// Returns the buttons if this is the last piece.
    pub(super) fn keyboard(&self) -> Option<&'a Value> {
        self.keyboard.filter(|_| self.rest().is_empty())
    }

    /// Returns the form without formatting and buttons.
    pub(super) fn bare(&self) -> Self {
        Self { entities: None, keyboard: None, ..self.clone() }
    }

    /// Returns whether the form has this part and can do without it.
    pub(super) fn has(&self, part: Part) -> bool {
        match part {
            Part::Entities => self.entities.is_some(),
            Part::Keyboard => self.keyboard().is_some(),
            // An edit cannot change the reply.
            Part::Reply => self.reply_to.is_some() && self.replaces.is_none(),
            Part::Edited => self.replaces.is_some(),
            Part::Topic => self.topic.is_some(),
            Part::Length => self.text().chars().nth(SHORT).is_some(),
        }
    }
}

/// The step after a failed call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Try the current form at once.
    Try,
    /// Try the current form after a pause.
    Wait,
    /// Give up: Telegram will never accept the message.
    GiveUp,
}

/// The state of a delivery.
#[derive(Debug)]
pub(super) struct Ladder<'a> {
    form: Form<'a>,
    home: ChatId,
    is_invoice: bool,
    looks: i64,
}

impl<'a> Ladder<'a> {
    /// Starts the delivery of a message; `begun` means that Telegram may have it already.
    pub(super) fn new(owed: &'a OutboxMessage, begun: bool) -> Self {
        let is_invoice = owed.invoice.is_some();
        let is_formatted = owed.entities.as_array().is_none_or(|entities| !entities.is_empty());
        let form = Form {
            chat: owed.chat,
            topic: owed.topic,
            entities: Some(&owed.entities).filter(|_| is_formatted && !is_invoice),
            reply_to: owed.reply_to.filter(|_| !is_invoice),
            replaces: owed.replaces,
            keyboard: owed.keyboard.as_ref().filter(|_| !is_invoice),
            whole: Cow::Borrowed(&owed.text),
            end: owed.text.len(),
        };
        Self { form, home: owed.chat, is_invoice, looks: if begun { LOOKS } else { 0 } }
    }

    /// Returns the form to send now.
    pub(super) fn form(&self) -> &Form<'a> {
        &self.form
    }

    /// Returns whether the message still goes to its original chat.
    pub(super) fn is_home(&self) -> bool {
        self.form.chat == self.home
    }

    /// Redirects the message to the upgraded chat, whose message ids differ.
    pub(super) fn move_to(&mut self, chat: ChatId) {
        (self.form.chat, self.form.topic, self.form.replaces, self.form.reply_to) = (chat, None, None, None);
    }

    /// Returns how many message ids to probe before sending.
    pub(super) fn looks(&self) -> i64 {
        if self.form.replaces.is_some() { 0 } else { self.looks }
    }

    /// Records that the search found nothing.
    pub(super) fn not_found(&mut self) {
        self.looks = 0;
    }

    /// Advances to the rest of the text after a success. Returns `false` if there is none.
    pub(super) fn go_on(&mut self) -> bool {
        let rest = self.form.rest().to_owned();
        if rest.is_empty() {
            return false;
        }
        (self.form.end, self.form.whole) = (rest.len(), Cow::Owned(rest));
        (self.form.replaces, self.form.reply_to) = (None, None);
        self.looks = 0;
        true
    }

    /// Returns the step after an error. Each refusal makes the form plainer, so the ladder ends.
    pub(super) fn next(&mut self, error: &ApiError) -> Step {
        match error {
            // The flow control waits for the end of the penalty.
            ApiError::Flood(_) => Step::Try,
            ApiError::Blocked(_) | ApiError::Closed(_) => Step::GiveUp,
            error if error.is_passing() => {
                self.doubt(error);
                Step::Wait
            }
            error => {
                let named = error.blames().is_some_and(|part| self.leave_out(part));
                if named || self.leave_something_out() { Step::Try } else { Step::GiveUp }
            }
        }
    }

    /// Requires a search if the failed call may have taken effect. Repeating an edit is harmless.
    fn doubt(&mut self, error: &ApiError) {
        if self.form.replaces.is_some() {
            return;
        }
        let looks = match error {
            ApiError::Server(_) => LOOKS_AFTER_FAILURE,
            ApiError::Broken(_) | ApiError::Unreadable(_) => LOOKS,
            _ => 0,
        };
        self.looks = self.looks.max(looks);
    }

    /// Leaves out the part that an error names. Returns `false` if the form does not have it.
    fn leave_out(&mut self, part: Part) -> bool {
        let form = &mut self.form;
        if !form.has(part) {
            return false;
        }
        match part {
            Part::Entities => form.entities = None,
            Part::Keyboard => form.keyboard = None,
            Part::Reply => form.reply_to = None,
            Part::Edited => form.replaces = None,
            // A message in the topic cannot be edited either, and a reply to one would belong there.
            Part::Topic => (form.topic, form.replaces, form.reply_to) = (None, None, None),
            Part::Length => return self.cut(),
        }
        true
    }

    /// Leaves out the least important part. Returns `false` if only the text is left.
    fn leave_something_out(&mut self) -> bool {
        self.leave_out(Part::Entities)
            || (self.leave_out(Part::Keyboard) | self.leave_out(Part::Reply))
            || self.leave_out(Part::Edited)
            || self.leave_out(Part::Topic)
    }

    /// Halves the text and drops its formatting: a message that is too long is a fault, but must not lose
    /// text. The cut depends only on the text still to be sent, so that a piece is recognised after a crash.
    fn cut(&mut self) -> bool {
        if self.is_invoice {
            return false;
        }
        let text = self.form.text();
        let half = text.chars().count().div_ceil(2).min(Limits::MESSAGE.code_points);
        let pieces = split(&RichText::plain(text), half, Limits::MESSAGE.entities);
        let first = pieces.into_iter().map(|piece| piece.text).find(|piece| !is_blank(piece));
        let end = first.and_then(|first| Some(text.find(&first)? + first.len()));
        let Some(end) = end.filter(|&end| end < text.len()) else { return false };
        self.form.end = end;
        self.form.entities = None;
        true
    }
}

#[cfg(test)]
mod tests;
