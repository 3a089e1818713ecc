//! Files that a conversation knows of.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A file as the model is told of it. Its bytes are elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownFile {
    /// Its row.
    pub id: i64,
    /// Its name, as the sender or the tool gave it.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its id at the model's provider, if it was uploaded.
    pub provider_id: Option<String>,
    /// When it came or was made.
    pub at: DateTime<Utc>,
}

/// A file that a tool has made and that waits for its delivery.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MadeFile {
    /// The conversation that it belongs to; nobody else may read it.
    pub thread: crate::domain::ids::ThreadId,
    /// Its name.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// What the model said that it is.
    pub context: String,
    /// When it was made.
    pub at: DateTime<Utc>,
}
