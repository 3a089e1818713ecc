//! The calls of a delivery, as the chat and the row of the test carry them out.

use serde_json::json;

use super::super::super::calls::{CallError, Calls};
use super::super::*;
use super::{Fake, UNFINISHED, refusal};
use crate::db::DbError;

impl Calls for Fake {
    async fn put(&mut self, form: &Form<'_>) -> Result<MessageId, CallError> {
        if form.replaces.is_none() && !self.begun {
            (self.begun, self.row.replaces) = (true, None);
        }
        Ok(self.meet(form).ok_or(DbError::Cancelled)??)
    }

    async fn find(&mut self, form: &Form<'_>, looks: i64) -> Result<Option<MessageId>, CallError> {
        self.searched.push(looks);
        // What is behind the known ones, and says the same or the beginning of it.
        let after = self.row.after;
        let new = |number: MessageId| after.is_none_or(|after| number > after) && number != UNFINISHED;
        let Some(found) = self.standing.iter().find(|message| new(message.number)).cloned() else {
            return Ok(None);
        };
        self.gate(form)?;
        if found.text == form.text() {
            return Ok(Some(found.number));
        }
        Err(refusal(400, "Bad Request: MESSAGE_TOO_LONG").into())
    }

    async fn cut(&mut self, message: MessageId, rest: &str) -> Result<(), DbError> {
        let row = &mut self.row;
        rest.clone_into(&mut row.text);
        (row.entities, row.reply_to, row.replaces) = (json!([]), None, None);
        (row.after, self.begun) = (Some(message), true);
        Ok(())
    }

    async fn moved(&mut self, _from: ChatId, to: ChatId) -> Result<(), CallError> {
        let row = &mut self.row;
        (row.chat, row.topic, row.reply_to, row.replaces, row.after) = (to, None, None, None, None);
        self.begun = false;
        Ok(())
    }
}
