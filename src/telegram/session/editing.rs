//! Edits in a session: they are applied to the waiting batch or to the stored message, so that the next
//! prompt contains them. A running answer goes on with what it has been asked.

use super::{Session, log_failure};
use crate::services::intake::{self, MessageEdit};
use crate::telegram::inbound::Edit;
use crate::telegram::pipeline::edits::{self, PreparedEdit};
use crate::telegram::pipeline::normalize;
use crate::telegram::replies;

/// The most edits of stored messages whose files are fetched. Further inputs wait in the mailbox.
const MOST: usize = 50;

impl Session<'_> {
    /// Takes an edit into the session.
    pub(super) fn edit(&mut self, edit: Box<Edit>) {
        let context = self.context;
        let (key, editor, message) = (edit.key, edit.editor, edit.message);
        let fetch = |file: &_| normalize::fetch_edited(context, (key, editor), message, file);
        match self.batch.edit(edit, fetch) {
            // The edit of an unstored message is handled once the message is stored.
            Ok(None) => {}
            Ok(Some(older)) => self.mark_handled(older),
            Err(edit) if edit.attachment.is_some() => self.edits.push(edits::prepare(context, *edit)),
            Err(edit) => {
                self.changed = true;
                self.apply([PreparedEdit::from(*edit)]);
            }
        }
        let replaced = self.batch.take_replaced();
        self.drop_copies(replaced);
    }

    /// Applies an edit whose file has been fetched. Without one, its update stays in the inbox.
    pub(super) fn apply_prepared(&mut self, edit: Option<PreparedEdit>) {
        self.changed = true;
        self.apply(edit);
    }

    /// Applies edits to stored messages in the background.
    pub(super) fn apply(&mut self, edits: impl IntoIterator<Item = PreparedEdit>) {
        let context = self.context;
        for PreparedEdit { edit, file, held } in edits {
            self.background.push(Box::pin(async move {
                let _held = held;
                let Edit { update, key, message, text, date, .. } = edit;
                let file = file.as_ref().map(|(file, fetched)| (file, fetched));
                let edit = MessageEdit { update, chat: key.chat, message, text: &text, date, file };
                let offer = |question| replies::retry::offer(question);
                let apply = || intake::apply_edit(&context.db, &context.cache, edit, offer);
                let applied = context.db.persist(apply).await;
                log_failure(applied.map(|owed| context.courier().deliver_again(owed)));
                if file.is_some() {
                    context.copies_dropped.notify_one();
                }
            }));
        }
    }

    /// Returns whether files of the batch, or of edits that its prompt must contain, are being fetched.
    pub(super) fn is_fetching(&self) -> bool {
        self.batch.is_fetching() || !self.edits.is_empty()
    }

    /// Returns whether further inputs, which may be edits, can be taken.
    pub(super) fn takes_edits(&self) -> bool {
        self.edits.len() < MOST
    }
}
