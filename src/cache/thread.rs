//! Cache of threads: the row of a conversation and the chat that it takes place in. The version counts changes of the
//! chat's row (`chats.version`); the thread's own columns never change.

use redis::Pipeline;
use serde::{Deserialize, Serialize};

use super::{Versioned, entry};
use crate::domain::ids::ThreadId;
use crate::domain::people::Chat;

/// The label of this cache in metrics.
pub(super) const LABEL: &str = "thread";

/// What is cached of a thread.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Thread {
    /// Its row.
    pub id: ThreadId,
    /// The chat as stored; a message with another description leads to PostgreSQL.
    pub chat: Chat,
}

/// Adds the writing of an entry.
pub(super) fn set(commands: &mut Pipeline, key: &str, thread: &Versioned<Thread>) {
    entry::set(commands, key, thread);
}
