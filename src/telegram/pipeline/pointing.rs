//! Shortens the replies of a batch: leaves out a file, and all but the beginning of a text, that the
//! conversation already contains. This is decided once, before the messages are stored, so that every later
//! prompt shows them the same way, even after the history's window has moved.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::conversation::{self, ShownContent};
use crate::db::{DbError, outbox};
use crate::domain::file::Retrieval;
use crate::domain::ids::{ChatId, MessageId};
use crate::domain::message::{HistoryMessage, Incoming, Role};
use crate::telegram::context::BotContext;

/// Returns the messages of a batch, each with only those parts of what it points at that the history lacks.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(super) async fn resolve<'a>(
    context: &BotContext,
    chat: ChatId,
    history: &[HistoryMessage],
    batch: &'a [Incoming],
) -> Result<Cow<'a, [Incoming]>, DbError> {
    if batch.iter().all(|incoming| incoming.context.reply.is_none() && incoming.replied_attachment.is_none())
    {
        return Ok(Cow::Borrowed(batch));
    }
    let mut held = held(history, batch);
    let unknown: Vec<MessageId> =
        batch.iter().filter_map(replied_to).filter(|message| !held.contains(message)).collect();
    if !unknown.is_empty() {
        let db = &context.db;
        let find = || outbox::questions(db, chat, &unknown);
        let parts = db.persist(find).await?;
        let answered = answered(history);
        held.extend(
            parts.into_iter().filter(|(_, question)| answered.contains(question)).map(|(part, _)| part),
        );
    }
    Ok(Cow::Owned(without_what_is_held(history, batch, &held)))
}

/// Returns the message in the same chat that a message replies to.
fn replied_to(incoming: &Incoming) -> Option<MessageId> {
    let reply = incoming.context.reply.as_ref()?;
    reply.message.filter(|_| reply.chat.is_none())
}

/// Returns the ids of people's messages in the history and in the batch.
fn held(history: &[HistoryMessage], batch: &[Incoming]) -> BTreeSet<MessageId> {
    let stored = history.iter().filter_map(|remembered| remembered.message);
    stored.chain(batch.iter().map(|incoming| incoming.message)).collect()
}

/// Returns the messages in the history that are followed by an answer.
fn answered(history: &[HistoryMessage]) -> BTreeSet<MessageId> {
    let pairs = history.windows(2).filter(|pair| pair[1].role == Role::Assistant);
    pairs.filter_map(|pair| pair[0].message).collect()
}

fn without_what_is_held(
    history: &[HistoryMessage],
    batch: &[Incoming],
    held: &BTreeSet<MessageId>,
) -> Vec<Incoming> {
    let mut batch = batch.to_vec();
    for at in 0..batch.len() {
        if is_file_held(history, &batch, at) {
            batch[at].replied_attachment = None;
            batch[at].replied_fetched = Retrieval::Untried;
        }
        let is_held = replied_to(&batch[at]).is_some_and(|message| held.contains(&message));
        if (is_held || is_text_held(history, &batch, at))
            && let Some(reply) = &mut batch[at].context.reply
        {
            reply.cut_to_mark();
        }
    }
    batch
}

/// Returns whether an earlier reply has brought the whole text into the conversation.
fn is_text_held(history: &[HistoryMessage], batch: &[Incoming], at: usize) -> bool {
    let Some(reply) = &batch[at].context.reply else { return false };
    let stored = history.iter().map(|remembered| &remembered.context);
    let mut earlier = stored.chain(batch[..at].iter().map(|other| &other.context));
    earlier.any(|context| context.reply.as_ref().is_some_and(|other| other.text == reply.text))
}

/// Returns whether the prompt also shows the replied message's file elsewhere.
fn is_file_held(history: &[HistoryMessage], batch: &[Incoming], at: usize) -> bool {
    let incoming = &batch[at];
    let Some(file) = &incoming.replied_attachment else { return false };
    let own = batch.iter().filter_map(|other| other.attachment.as_ref());
    let earlier = batch[..at].iter().filter_map(|other| other.replied_attachment.as_ref());
    if own.chain(earlier).any(|other| other.is_content_of(file)) {
        return true;
    }
    let content = match &incoming.replied_fetched {
        Retrieval::Copied(copy) => ShownContent::Copy(&copy.id),
        Retrieval::Previewed(preview) => ShownContent::Preview(preview),
        _ => return false,
    };
    // The prompt as it would be without the file.
    let mut new: Vec<HistoryMessage> = batch.iter().map(Incoming::remembered).collect();
    for message in &mut new {
        message.files.retain(|file| !file.replied);
    }
    conversation::shows(history.iter().chain(&new), content)
}
