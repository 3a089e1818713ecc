//! `/clear`: a conversation is forgotten, and the topics of a chat are offered to be deleted. Nothing is taken out of the
//! books: what is forgotten stays in its table until it is old, and is in no prompt.

use chrono::TimeDelta;

use super::books::Books;
use super::intake::Caller;
use super::people;
use crate::cache::{self, Cache};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::topics::{self, TopicDeletion};
use crate::db::{Db, DbError, inbox, people as profiles, threads};
use crate::domain::ids::{DeletionId, MessageId, OutboxId, ThreadKey, TopicId, UpdateId};
use crate::domain::people::Language;

/// How long an offer to delete topics holds.
const OFFERED_FOR: TimeDelta = TimeDelta::minutes(15);

/// What forgetting a conversation came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Cleared {
    /// What is to be sent.
    pub owed: Vec<(OutboxId, OutboxMessage)>,
    /// Topics of the chat that might be deleted. If there are any, the update waits until they were offered or not.
    pub topics: Vec<TopicId>,
}

/// Forgets what was asked in the caller's conversation before `message`. What comes to be asked later although it was
/// written before is forgotten as well, and the same again changes nothing.
pub async fn clear(
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

/// Offers topics to be deleted, by a message that knows the number of the offer, and ticks the update off.
pub async fn offer(
    books: &Books,
    caller: Caller<'_>,
    topics: &[TopicId],
    message: impl Fn(DeletionId) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = books.db.begin().await?;
    let expires_at = books.clock.now() + OFFERED_FOR;
    let id = topics::offer(&mut tx, caller.update, caller.key, topics, expires_at).await?;
    caller.leave(tx, &[message(id)]).await
}

/// Why a tap deletes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeletionRefusal {
    /// There is no such offer in this chat.
    Unknown,
    /// It was made to somebody else.
    NotYours,
    /// It was made too long ago.
    Expired,
    /// It was confirmed before.
    Used,
}

/// Judges a tap by the offer that it names, by who has tapped and where; whoever passes must still have the right.
pub async fn judge(
    books: &Books,
    id: DeletionId,
    key: ThreadKey,
    tap: UpdateId,
) -> Result<Result<TopicDeletion, DeletionRefusal>, DbError> {
    let Some(deletion) = topics::find(&books.db, id).await? else { return Ok(Err(DeletionRefusal::Unknown)) };
    let refusal = if deletion.chat != key.chat {
        DeletionRefusal::Unknown
    } else if deletion.user != key.user {
        DeletionRefusal::NotYours
    } else if deletion.used_by.is_some_and(|used_by| used_by != tap) {
        DeletionRefusal::Used
    } else if deletion.used_by.is_none() && deletion.expires_at <= books.clock.now() {
        DeletionRefusal::Expired
    } else {
        return Ok(Ok(deletion));
    };
    Ok(Err(refusal))
}

/// Confirms an offer and ticks the tap off; false if another tap was quicker.
pub async fn confirm(books: &Books, id: DeletionId, key: ThreadKey, tap: UpdateId) -> Result<bool, DbError> {
    let mut tx = books.db.begin().await?;
    let confirmed = topics::confirm(&mut tx, id, key, tap, books.clock.now()).await?;
    inbox::handled(&mut tx, tap).await?;
    Db::commit(tx).await?;
    Ok(confirmed)
}

/// Writes down what has become of a topic; one that is gone takes everybody's conversation in it along.
pub async fn record(
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

/// Ends a deletion and tells its result in the language of who has asked for it.
pub async fn finish(
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
