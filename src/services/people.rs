//! Users, chats and threads: created by the first message; refreshed by a later one if it differs from the
//! cached row or nothing is cached.

use chrono::{DateTime, Utc};

use super::books::Books;
use crate::db::balance::{self, Operation, Reason};
use crate::db::people::{self, Contact, KnownUser, UserInThread};
use crate::db::{Db, DbError, Tx, holds, inbox};
use crate::domain::ids::{ChatId, ThreadKey, TopicId, UpdateId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::{Chat, Person};

/// Finds or creates user, chat and thread. Any number of concurrent first messages create one of each. A new
/// user gets the starter grant.
pub async fn enter(
    books: &Books,
    key: ThreadKey,
    person: &Person,
    chat: &Chat,
) -> Result<UserInThread, DbError> {
    let visit = Contact { owner: key.owner, ..visit(books, person, chat, key.topic) };
    people::enter(&books.db, visit).await
}

/// Creates or refreshes a user and a chat. A new user gets the starter grant.
pub(super) async fn meet(
    tx: &mut Tx<'_>,
    books: &Books,
    person: &Person,
    chat: &Chat,
    topic: Option<TopicId>,
) -> Result<KnownUser, DbError> {
    people::meet(tx, visit(books, person, chat, topic)).await
}

fn visit<'a>(books: &Books, person: &'a Person, chat: &'a Chat, topic: Option<TopicId>) -> Contact<'a> {
    Contact { person, chat, topic, owner: person.id.into(), starter: books.terms.starter_balance }
}

/// Records Telegram's report that since `date` the bot may not write in a chat (`is_out`), or may again: a
/// person has blocked it, or it was removed from a group.
pub async fn set_membership(
    db: &Db,
    update: UpdateId,
    chat: ChatId,
    is_out: bool,
    date: DateTime<Utc>,
) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    if chat.0 > 0 {
        people::set_blocked(&mut tx, UserId(chat.0), is_out, date).await?;
    } else {
        people::set_removed(&mut tx, chat, is_out, date).await?;
    }
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await
}

/// Opens the books of a user who is older than the ledger, with the starter grant. Does nothing if they are
/// open.
pub(super) async fn grant_starter(books: &Books, user: UserId) -> Result<(), DbError> {
    let mut tx = books.db.begin().await?;
    holds::lock(&mut tx, user).await?;
    open_books(&mut tx, books, user).await?;
    Db::commit(tx).await
}

/// Opens the books of a locked user and returns the balance. Returns `None` if they are open already.
pub(super) async fn open_books(tx: &mut Tx<'_>, books: &Books, user: UserId) -> Result<Option<Usd>, DbError> {
    if balance::has_operations(tx, user).await? {
        return Ok(None);
    }
    let (reason, amount) = (Reason::Starter, books.terms.starter_balance);
    let key = format!("starter:{user}");
    balance::post(tx, &Operation { user, reason, amount, key: &key, subject: "" }).await.map(Some)
}
