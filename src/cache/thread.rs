//! Cache of threads: the row of a conversation and its chat. The version counts changes of the chat's row
//! (`chats.version`); the thread's own columns never change.

use redis::Pipeline;
use serde::{Deserialize, Serialize};

use super::{Versioned, entry};
use crate::domain::ids::ThreadId;
use crate::domain::people::Chat;

/// The cache's label in metrics.
pub(super) const LABEL: &str = "thread";

/// The cached part of a thread.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Thread {
    /// The row's id.
    pub id: ThreadId,
    /// The chat as stored; if a message describes it differently, PostgreSQL is read instead.
    pub chat: Chat,
}

/// Adds the command that writes an entry.
pub(super) fn set(commands: &mut Pipeline, key: &str, thread: &Versioned<Thread>) {
    entry::set(commands, key, thread);
}
