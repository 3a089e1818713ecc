//! Who is talking: users, chats and threads, created by the first message and refreshed by every other.

use chrono::{DateTime, Utc};

use super::books::Books;
use crate::db::balance::{self, Operation, Reason};
use crate::db::people::{self, Known};
use crate::db::{Db, DbError, Tx, inbox, threads};
use crate::domain::ids::{ThreadId, ThreadKey, TopicId, UpdateId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::{Chat, Person};

/// A person in a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entered {
    /// The conversation's row.
    pub thread: ThreadId,
    /// What is known of the person.
    pub known: Known,
}

/// Finds or creates user, chat and thread. Any number of simultaneous first messages make one of each.
/// Who is new gets the starter balance.
pub async fn enter(books: &Books, key: ThreadKey, person: &Person, chat: &Chat) -> Result<Entered, DbError> {
    let mut tx = books.db.begin().await?;
    let known = meet(&mut tx, books, person, chat, key.topic).await?;
    let thread = threads::enter(&mut tx, key).await?;
    Db::commit(tx).await?;
    Ok(Entered { thread, known })
}

/// Creates or refreshes a user and a chat; the first operation of every user is the starter grant.
pub(super) async fn meet(
    tx: &mut Tx<'_>,
    books: &Books,
    person: &Person,
    chat: &Chat,
    topic: Option<TopicId>,
) -> Result<Known, DbError> {
    let known = people::meet(tx, person, chat, topic).await?;
    if !known.has_books {
        grant(tx, books, person.id).await?;
    }
    Ok(known)
}

/// Takes over what Telegram tells: since `date` the user has blocked the bot, or takes messages again.
pub async fn set_blocked(
    db: &Db,
    update: UpdateId,
    user: UserId,
    blocked: bool,
    date: DateTime<Utc>,
) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    people::set_blocked(&mut tx, user, blocked, date).await?;
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await
}

/// Opens the books of a locked user who has none and returns the balance; none if there are books already.
pub(super) async fn open_books(tx: &mut Tx<'_>, books: &Books, user: UserId) -> Result<Option<Usd>, DbError> {
    if balance::has_operations(tx, user).await? { Ok(None) } else { grant(tx, books, user).await.map(Some) }
}

async fn grant(tx: &mut Tx<'_>, books: &Books, user: UserId) -> Result<Usd, DbError> {
    let (reason, amount) = (Reason::Starter, books.terms.starter_balance);
    let key = format!("starter:{user}");
    balance::post(tx, &Operation { user, reason, amount, key: &key, subject: "" }).await
}
