//! `/clear`: forgets a conversation and offers to delete the topics of a chat. The books lose nothing:
//! forgotten messages stay in their table until retention deletes them, but appear in no prompt.

use chrono::TimeDelta;

use super::books::Books;
use super::intake::Caller;
use super::people;
use crate::cache::{self, Cache};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::topics::{self, TopicDeletion};
use crate::db::{Db, DbError, inbox, people as profiles, threads};
use crate::domain::ids::{ChatId, DeletionId, MessageId, OutboxId, TopicId, UpdateId, UserId};
use crate::domain::people::Language;

/// How long an offer to delete topics is valid.
const OFFERED_FOR: TimeDelta = TimeDelta::minutes(15);

/// The result of forgetting a conversation.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Cleared {
    /// The messages to send.
    pub owed: Vec<(OutboxId, OutboxMessage)>,
    /// The topics that might be deleted. If there are any, the update stays open until it is decided whether
    /// to offer them.
    pub topics: Vec<TopicId>,
}

/// Forgets what was asked in the caller's conversation before `message`. Also covers messages written before
/// the command but processed later. Idempotent.
pub(crate) async fn clear(
    books: &Books,
    cache: &Cache,
    caller: Caller<'_>,
    message: MessageId,
    confirmation: &OutboxMessage,
) -> Result<Cleared, DbError> {
    let mut tx = books.db.begin().await?;
    // The conversation is locked before the user, as everywhere.
    let version = threads::clear(&mut tx, caller.key, message).await?;
    people::meet(&mut tx, books, caller.person, caller.chat, caller.key.topic).await?;
    let topics = match caller.key.topic {
        None => topics::known(&mut tx, caller.key.chat).await?,
        Some(_) => Vec::new(),
    };
    let owed = outbox::enqueue(&mut tx, std::slice::from_ref(confirmation)).await?;
    if topics.is_empty() {
        inbox::handled(&mut tx, caller.update).await?;
    }
    Db::commit(tx).await?;
    if let Some(version) = version {
        cache::messages::invalidate(cache, caller.key, version).await;
    }
    Ok(Cleared { owed, topics })
}

/// Offers to delete topics, in a message that contains the offer's number, and marks the update as handled.
pub(crate) async fn offer(
    books: &Books,
    caller: Caller<'_>,
    topics: &[TopicId],
    message: impl Fn(DeletionId) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = books.db.begin().await?;
    let expires_at = books.clock.now() + OFFERED_FOR;
    let id =
        topics::offer(&mut tx, caller.update, (caller.key.chat, caller.user()), topics, expires_at).await?;
    caller.leave(tx, &[message(id)]).await
}

/// Why a button press deletes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DeletionRefusal {
    /// The chat has no such offer.
    Unknown,
    /// The offer was made to another user.
    NotYours,
    /// The offer has expired.
    Expired,
    /// The offer was confirmed before.
    Used,
}

/// The decision about a button press.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum DeletionVerdict {
    /// The offer applies to the user, whose rights in the chat are still to be checked.
    Passed(TopicDeletion),
    /// The press deletes nothing.
    Refused(DeletionRefusal),
}

/// Checks a button press against the offer that it names, by its user and chat.
pub(crate) async fn judge(
    books: &Books,
    id: DeletionId,
    (chat, user): (ChatId, UserId),
    tap: UpdateId,
) -> Result<DeletionVerdict, DbError> {
    let Some(deletion) = topics::find(&books.db, id).await? else {
        return Ok(DeletionVerdict::Refused(DeletionRefusal::Unknown));
    };
    let refusal = if deletion.chat != chat {
        DeletionRefusal::Unknown
    } else if deletion.user != user {
        DeletionRefusal::NotYours
    } else if deletion.used_by.is_some_and(|used_by| used_by != tap) {
        DeletionRefusal::Used
    } else if deletion.used_by.is_none() && deletion.expires_at <= books.clock.now() {
        DeletionRefusal::Expired
    } else {
        return Ok(DeletionVerdict::Passed(deletion));
    };
    Ok(DeletionVerdict::Refused(refusal))
}

/// Confirms an offer and marks the update as handled. Returns `false` if another press came first.
pub(crate) async fn confirm(
    books: &Books,
    id: DeletionId,
    place: (ChatId, UserId),
    tap: UpdateId,
) -> Result<bool, DbError> {
    let mut tx = books.db.begin().await?;
    let confirmed = topics::confirm(&mut tx, id, place, tap, books.clock.now()).await?;
    inbox::handled(&mut tx, tap).await?;
    Db::commit(tx).await?;
    Ok(confirmed)
}

/// Records the result for a topic. If the topic is gone, every user's conversation in it is forgotten as
/// well.
pub(crate) async fn record(
    db: &Db,
    cache: &Cache,
    id: DeletionId,
    topic: TopicId,
    gone: bool,
) -> Result<(), DbError> {
    if !gone {
        return topics::failed(db, id, topic).await;
    }
    for changed in topics::deleted(db, id, topic).await? {
        cache::messages::invalidate(cache, changed.key, changed.version).await;
    }
    Ok(())
}

/// Ends a deletion and reports its result in the language of the user who requested it.
pub(crate) async fn finish(
    books: &Books,
    id: DeletionId,
    message: impl Fn(&TopicDeletion, Language) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let Some(deletion) = topics::find(&books.db, id).await? else { return Ok(Vec::new()) };
    let mut tx = books.db.begin().await?;
    topics::finish(&mut tx, id, books.clock.now()).await?;
    let language = profiles::language(&mut tx, deletion.user).await?.unwrap_or_default();
    let owed = outbox::enqueue(&mut tx, &[message(&deletion, language)]).await?;
    Db::commit(tx).await?;
    Ok(owed)
}
