//! Upgrades of groups to supergroups, which are chats with a new id: conversations, open turns and owed
//! messages move there. Telegram reports an upgrade twice, in either order, and again to a caller that uses
//! the old chat. Each report may be the first, and all have the same effect.

use crate::cache::{self, Cache};
use crate::db::{Db, DbError, group_upgrades, inbox};
use crate::domain::ids::{ChatId, UpdateId};

/// Moves conversations, open turns and owed messages to the new chat, in one transaction, and marks the
/// reporting update as handled. Repeating it is harmless: it moves what has arrived since.
///
/// # Errors
/// Returns the errors of the database.
pub(crate) async fn follow(
    db: &Db,
    cache: &Cache,
    from: ChatId,
    to: ChatId,
    update: Option<UpdateId>,
) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    // Only groups are upgraded, and their ids are negative.
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
        tracing::info!(chat.id = from.0, threads = moved.len(), "the group {from} continues as {to}");
    }
    for key in moved {
        cache::context::forget(cache, key).await;
    }
    Ok(())
}
