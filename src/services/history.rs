//! What a conversation remembers: read before every turn, so that a prompt contains all that was said before.

use crate::db::{Db, DbError, messages};
use crate::domain::ids::ThreadId;
use crate::domain::message::Remembered;

/// The most messages that a prompt can go back; far more than fit into most windows.
const MESSAGES: i64 = 500;

/// The conversation so far, oldest first.
pub async fn load(db: &Db, thread: ThreadId) -> Result<Vec<Remembered>, DbError> {
    messages::latest(db, thread, MESSAGES).await
}
