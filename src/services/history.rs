//! What a conversation remembers: read before every turn, so that a prompt contains all that was said before.

use crate::db::{Db, DbError, messages};
use crate::domain::history::{History, Window};
use crate::domain::ids::{ThreadId, TurnId};

/// How far back a prompt can go.
pub const WINDOW: Window = Window { limit: 500, step: 100 };

/// The conversation so far, oldest first; only up to a turn, if one is given.
pub async fn load(db: &Db, thread: ThreadId, up_to: Option<TurnId>) -> Result<History, DbError> {
    messages::latest(db, thread, up_to, WINDOW).await
}
