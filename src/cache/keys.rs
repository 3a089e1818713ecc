//! Names of all keys in Redis. They contain one prefix, the schema version of the entries, and the database.

use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ThreadKey, UserId};

/// Incremented whenever the shape of any entry changes, so that a new binary never reads old entries.
const SCHEMA: u32 = 2;

/// Identifies the database from which entries are built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Stays the same for the lifetime of the database.
    pub database: String,
    /// Changes after a failover or a restore, which may have reverted the rows behind entries.
    pub timeline: String,
}

/// Builds key names.
#[derive(Debug)]
pub(super) struct Keys {
    /// Prefix of keys that must survive a failover.
    durable: String,
    /// Prefix of cache entries.
    prefix: String,
}

impl Keys {
    /// Creates the names for one database.
    pub(super) fn of(origin: &Origin) -> Self {
        let durable = format!("starling:{SCHEMA}:{}", origin.database);
        Self { prefix: format!("{durable}:{}", origin.timeline), durable }
    }

    pub(super) fn user(&self, user: UserId) -> String {
        format!("{}:user:{user}", self.prefix)
    }

    pub(super) fn thread(&self, key: ThreadKey) -> String {
        self.of_thread("thread", key)
    }

    pub(super) fn messages(&self, key: ThreadKey) -> String {
        self.of_thread("messages", key)
    }

    pub(super) fn file_bytes(&self, unique_id: &str) -> String {
        format!("{}:file:{unique_id}", self.prefix)
    }

    pub(super) fn made_file(&self, id: PublicFileId) -> String {
        format!("{}:made:{}", self.prefix, id.column())
    }

    /// Returns the name of the write-behind stream.
    pub(super) fn write_behind(&self) -> String {
        format!("{}:write-behind", self.durable)
    }

    /// Returns the name of the channel of wake-ups.
    pub(super) fn wake_ups(&self) -> String {
        format!("{}:wake-ups", self.durable)
    }

    /// Topics have numeric ids, so "no topic" is written as a dash.
    fn of_thread(&self, kind: &str, key: ThreadKey) -> String {
        let topic = key.topic.map_or_else(|| "-".to_owned(), |topic| topic.to_string());
        format!("{}:{kind}:{}:{}:{topic}", self.prefix, key.chat, key.owner)
    }
}

#[cfg(test)]
mod tests;
