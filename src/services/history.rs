//! The history of a conversation, read before every turn, so that a prompt contains all that was said before.

use crate::db::{Db, DbError, messages};
use crate::domain::history::{History, Window};
use crate::domain::ids::{ThreadId, TurnId};

/// The window of a prompt.
pub(crate) const WINDOW: Window = Window { limit: 500, step: 100 };

/// Returns the conversation so far, oldest first, or only up to the turn `up_to`.
pub(crate) async fn load(db: &Db, thread: ThreadId, up_to: Option<TurnId>) -> Result<History, DbError> {
    messages::latest(db, thread, up_to, WINDOW).await
}
