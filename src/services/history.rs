//! What a conversation remembers: read before every turn, so that a prompt contains all that was said before.

use crate::db::{Db, DbError, messages};
use crate::domain::ids::{ThreadId, TurnId};
use crate::domain::message::Remembered;

/// The most messages that a prompt can go back.
const MESSAGES: i64 = 500;
/// When older messages have to go, so many go at once: the prompt's beginning, which the provider caches, then stays
/// the same until as many new ones have come.
const STEP: i64 = 100;

/// The conversation so far, oldest first; only up to a turn, if one is given.
pub async fn load(db: &Db, thread: ThreadId, up_to: Option<TurnId>) -> Result<Vec<Remembered>, DbError> {
    messages::latest(db, thread, up_to, MESSAGES, STEP).await
}
