//! What happens with an update besides a prompt: its effects and the tick in the inbox are one transaction.

use crate::db::outbox::{self, Owed};
use super::books::Books;
use super::people;
use crate::db::people::Known;
use crate::db::{Db, DbError, inbox, messages};
use crate::domain::ids::{ChatId, MessageId, OutboxId, UpdateId};
use crate::domain::people::{Chat, Person};

/// Answers a command: refreshes the profile, writes `reply`'s message down and ticks the update off.
/// `reply` gets to know the person first, because a greeting depends on it.
pub async fn answer_command(
    books: &Books,
    update: UpdateId,
    person: &Person,
    chat: &Chat,
    reply: impl Fn(&Known) -> Owed,
) -> Result<Vec<(OutboxId, Owed)>, DbError> {
    let mut tx = books.db.begin().await?;
    let known = people::meet(&mut tx, books, person, chat).await?;
    let owed = outbox::owe(&mut tx, &[reply(&known)]).await?;
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    Ok(owed)
}

/// Takes over a person's change of a message that is stored already; one that is not known changes nothing.
pub async fn apply_edit(
    db: &Db,
    update: UpdateId,
    chat: ChatId,
    message: MessageId,
    text: &str,
) -> Result<bool, DbError> {
    let mut tx = db.begin().await?;
    let known = messages::edit(&mut tx, chat, message, text).await?;
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    Ok(known)
}

/// Ticks an update off that has no lasting effect.
pub async fn tick_off(db: &Db, update: UpdateId) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await
}
