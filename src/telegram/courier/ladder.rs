//! The ladder of a delivery: what follows when Telegram does not take a message. Below each form of it stands a plainer
//! one, down to the bare text, and the end comes only below that, or where nobody is there to read it. Pure: the ladder
//! is told what Telegram said, and tells what to try next.

use std::borrow::Cow;

use serde_json::Value;

use crate::bot_api::ApiError;
use crate::bot_api::error::Part;
use crate::db::outbox::OutboxMessage;
use crate::domain::blank::is_blank;
use crate::domain::ids::{ChatId, MessageId, TopicId};
use crate::rendering::{Limits, RichText, split};

/// Numbers that are tried when a message may be in its chat without our knowing.
pub(super) const LOOKS: i64 = 12;
/// The same when Telegram said that it failed. Then there is hardly ever a message, and if there is, it has the first.
pub(super) const LOOKS_AFTER_FAILURE: i64 = 1;
/// A text of at most so many code points is not cut: it cannot be what is too long.
const SHORT: usize = 256;

/// A message as it is tried now.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Form<'a> {
    /// Where it goes.
    pub(super) chat: ChatId,
    /// The topic in it.
    pub(super) topic: Option<TopicId>,
    /// Its formatting, as long as Telegram is asked for any.
    pub(super) entities: Option<&'a Value>,
    /// The message that it answers.
    pub(super) reply_to: Option<MessageId>,
    /// The message in whose place it comes.
    pub(super) replaces: Option<MessageId>,
    /// The buttons below the whole text.
    keyboard: Option<&'a Value>,
    /// What is still to be sent.
    whole: Cow<'a, str>,
    /// Where in it the piece ends that comes next.
    end: usize,
}

impl<'a> Form<'a> {
    /// Its text, or the piece of it that comes next.
    pub(super) fn text(&self) -> &str {
        &self.whole[..self.end]
    }

    /// What comes behind that, in messages of their own.
    fn rest(&self) -> &str {
        Some(self.whole[self.end..].trim_start()).filter(|rest| !is_blank(rest)).unwrap_or_default()
    }

    /// The buttons, which stand below the last piece.
    pub(super) fn keyboard(&self) -> Option<&'a Value> {
        self.keyboard.filter(|_| self.rest().is_empty())
    }

    /// The same message with nothing but its text.
    pub(super) fn bare(&self) -> Self {
        Self { entities: None, keyboard: None, ..self.clone() }
    }

    /// Whether a part is there that can be left out.
    pub(super) fn has(&self, part: Part) -> bool {
        match part {
            Part::Entities => self.entities.is_some(),
            Part::Keyboard => self.keyboard().is_some(),
            // What is changed stays where it is.
            Part::Reply => self.reply_to.is_some() && self.replaces.is_none(),
            Part::Edited => self.replaces.is_some(),
            Part::Topic => self.topic.is_some(),
            Part::Length => self.text().chars().nth(SHORT).is_some(),
        }
    }
}

/// What comes after a call that has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// The form as it is now, at once.
    Try,
    /// The form as it is now, after a pause.
    Wait,
    /// Nothing: it will never be taken.
    GiveUp,
}

/// A delivery as far as it has come.
#[derive(Debug)]
pub(super) struct Ladder<'a> {
    form: Form<'a>,
    home: ChatId,
    is_invoice: bool,
    looks: i64,
}

impl<'a> Ladder<'a> {
    /// The way of a message; `begun` tells whether Telegram may have it already.
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

    /// The message as it is to be sent now.
    pub(super) fn form(&self) -> &Form<'a> {
        &self.form
    }

    /// Whether it goes to the chat that it was meant for.
    pub(super) fn is_home(&self) -> bool {
        self.form.chat == self.home
    }

    /// The chat has become another one, whose messages have other numbers.
    pub(super) fn move_to(&mut self, chat: ChatId) {
        (self.form.chat, self.form.topic, self.form.replaces, self.form.reply_to) = (chat, None, None, None);
    }

    /// Under how many numbers the message has to be looked for before it is sent.
    pub(super) fn looks(&self) -> i64 {
        if self.form.replaces.is_some() { 0 } else { self.looks }
    }

    /// It was looked for and is not there.
    pub(super) fn not_found(&mut self) {
        self.looks = 0;
    }

    /// Telegram has the form that was tried: goes on to the rest of the text. False if there is none.
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

    /// What follows an error. Each refusal makes the form plainer, so there is an end.
    pub(super) fn next(&mut self, error: &ApiError) -> Step {
        match error {
            // The flow control knows how long to wait.
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

    /// A call may have had its effect although there is no answer. Changing a message once more does no harm.
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

    /// Leaves out what an error names; false if it is not there.
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
            // A message there cannot be changed either, and a reply to one would belong there.
            Part::Topic => (form.topic, form.replaces, form.reply_to) = (None, None, None),
            Part::Length => return self.cut(),
        }
        true
    }

    /// Leaves out what is missed least; false if nothing but the text is left.
    fn leave_something_out(&mut self) -> bool {
        self.leave_out(Part::Entities)
            || (self.leave_out(Part::Keyboard) | self.leave_out(Part::Reply))
            || self.leave_out(Part::Edited)
            || self.leave_out(Part::Topic)
    }

    /// Cuts the text in halves, without formatting: a message that is too long is a fault, which must not cost a word. Where
    /// it is cut depends on nothing but what is still to be sent, so that after a crash a piece is found again.
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
#[path = "ladder_tests.rs"]
mod tests;
