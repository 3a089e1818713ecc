//! What happens with an update besides a prompt: its effects and the tick in the inbox are one transaction.

use chrono::{DateTime, Utc};

use super::books::Books;
use super::{people, recovery};
use crate::cache::{self, Cache};
use crate::db::inbox::GivenUp;
use crate::db::outbox::{self, OutboxMessage};
use crate::db::people::KnownUser;
use crate::db::{Db, DbError, Tx, inbox, messages};
use crate::domain::ids::{ChatId, MessageId, OutboxId, ThreadKey, UpdateId, UserId};
use crate::domain::people::{Chat, Person};

/// Who wants something, by which update and where.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The update; it is ticked off together with its effects.
    pub update: UpdateId,
    /// The conversation.
    pub key: ThreadKey,
    /// Who.
    pub person: &'a Person,
    /// Where.
    pub chat: &'a Chat,
}

impl Caller<'_> {
    /// Whose money it is about.
    pub fn user(&self) -> UserId {
        self.key.user
    }

    /// Begins the transaction in which the update takes effect: the profile is fresh and the books are open.
    pub(super) async fn enter(&self, books: &Books) -> Result<(Tx<'static>, KnownUser), DbError> {
        let mut tx = books.db.begin().await?;
        let known = people::meet(&mut tx, books, self.person, self.chat, self.key.topic).await?;
        Ok((tx, known))
    }

    /// Ends it: the answers are written down and the update is ticked off.
    pub(super) async fn leave(
        &self,
        mut tx: Tx<'static>,
        owed: &[OutboxMessage],
    ) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
        let owed = outbox::enqueue(&mut tx, owed).await?;
        inbox::handled(&mut tx, self.update).await?;
        Db::commit(tx).await?;
        Ok(owed)
    }
}

/// Answers a command: refreshes the profile, writes `reply`'s message down and ticks the update off.
/// `reply` gets to know the person first, because a greeting depends on it.
pub async fn answer_command(
    books: &Books,
    caller: Caller<'_>,
    reply: impl Fn(&KnownUser) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (tx, known) = caller.enter(books).await?;
    caller.leave(tx, &[reply(&known)]).await
}

/// Takes over a person's change of a message that is stored already, made at `date`; one of a message that is not known
/// changes nothing, nor does one that is older than what was taken over before.
pub async fn apply_edit(
    db: &Db,
    cache: &Cache,
    update: UpdateId,
    chat: ChatId,
    message: MessageId,
    text: &str,
    date: DateTime<Utc>,
) -> Result<bool, DbError> {
    let mut tx = db.begin().await?;
    let changed = messages::edit(&mut tx, chat, message, text, date, update).await?;
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    if let Some(changed) = changed {
        cache::messages::invalidate(cache, changed.key, changed.version).await;
    }
    Ok(changed.is_some())
}

/// Gives up updates that were tried so often, or have crashed the process so often, that trying again is hopeless, unless
/// somebody has them `in_hand`; `tell` makes a message for whoever sent one.
pub async fn give_up(
    db: &Db,
    tries: i32,
    in_hand: &[i64],
    tell: impl Fn(&GivenUp) -> Option<OutboxMessage>,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = db.begin().await?;
    let given_up = inbox::give_up(&mut tx, tries, recovery::GIVEN_UP_AFTER, in_hand).await?;
    for update in &given_up {
        tracing::error!(
            update.id = update.id.0,
            "the update {} could not be handled and is given up",
            update.id
        );
    }
    let owed: Vec<OutboxMessage> = given_up.iter().filter_map(tell).collect();
    let owed = outbox::enqueue(&mut tx, &owed).await?;
    Db::commit(tx).await?;
    Ok(owed)
}

/// Ticks an update off that has no lasting effect.
pub async fn mark_handled(db: &Db, update: UpdateId) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await
}
