//! A group has become a supergroup, which is another chat with another id: conversations, open turns and what is owed go on
//! there. Telegram tells it twice, in either order, and once more to whoever calls the former chat; each of these may be
//! the first, and all do the same.

use crate::cache::{self, Cache};
use crate::db::{Db, DbError, group_upgrades, inbox};
use crate::domain::ids::{ChatId, UpdateId};

/// Moves everything that goes on from one chat to the other, in one transaction, and ticks off the update that told it. It
/// may be done any number of times: then it moves what has come since.
///
/// # Errors
/// Those of the database.
pub async fn follow(
    db: &Db,
    cache: &Cache,
    from: ChatId,
    to: ChatId,
    update: Option<UpdateId>,
) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    // Only groups are upgraded, and their ids are below zero.
    let moved = if from.0 < 0 && to.0 < 0 && from != to {
        group_upgrades::follow(&mut tx, from, to).await?
    } else {
        tracing::warn!(chat.id = from.0, "the chat {from} cannot have become {to}");
        Vec::new()
    };
    if let Some(update) = update {
        inbox::handled(&mut tx, update).await?;
    }
    Db::commit(tx).await?;
    if !moved.is_empty() {
        tracing::info!(chat.id = from.0, threads = moved.len(), "the group {from} goes on as {to}");
    }
    for key in moved {
        cache::context::forget(cache, key).await;
    }
    Ok(())
}
