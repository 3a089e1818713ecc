//! The uploaded files in order, with their lifetimes. Their content is examined once, at the upload. Memory
//! is bounded like the real storage: an upload that does not fit is refused.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::faults::Faults;
use crate::anthropic::error::ApiError;
use crate::formats::{self, Picture};

/// The content of a file, as far as the model would see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Content {
    Picture(Picture),
    Pdf { pages: usize, locked: bool },
    Text { bytes: usize, chars: usize },
    Other,
}

impl Content {
    /// Examines the bytes. Only the MIME type tells plain text.
    pub(in super::super) fn of(mime: &str, bytes: &[u8]) -> Self {
        if mime == "text/plain" {
            return Self::Text { bytes: bytes.len(), chars: String::from_utf8_lossy(bytes).chars().count() };
        }
        match formats::picture(bytes) {
            Some(picture) => Self::Picture(picture),
            None if formats::is_pdf(bytes) => {
                Self::Pdf { pages: formats::pdf_pages(bytes), locked: formats::is_locked_pdf(bytes) }
            }
            None => Self::Other,
        }
    }
}

/// Why the content of a file is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Missing {
    /// Never uploaded, or deleted by the client.
    Unknown,
    /// Removed by a test.
    Forgotten,
    /// Its lifetime has passed.
    Expired,
    /// A test has ended its lifetime.
    ExpiredEarly,
}

impl Missing {
    /// Returns the refusal that names the file.
    pub(in super::super) fn error(self, id: &str) -> ApiError {
        let code = matches!(self, Self::Expired | Self::ExpiredEarly).then_some("file_expired");
        ApiError { code, ..ApiError::new(404, "not_found_error", format!("File not found: {id}")) }
    }
}

/// A stored file.
#[derive(Clone, Debug)]
pub(in super::super) struct Stored {
    pub(in super::super) id: String,
    pub(in super::super) name: String,
    pub(in super::super) mime: String,
    pub(in super::super) size: usize,
    /// Empty if the file has expired.
    pub(in super::super) bytes: Bytes,
    pub(in super::super) content: Content,
    pub(in super::super) created: DateTime<Utc>,
    pub(in super::super) expires: Option<DateTime<Utc>>,
    /// Made by a tool; only such files can be downloaded.
    pub(in super::super) downloadable: bool,
}

impl Stored {
    /// Returns the file's object in the API.
    pub(super) fn object(&self) -> Value {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
        json!({
            "id": self.id,
            "type": "file",
            "filename": self.name,
            "mime_type": self.mime,
            "size_bytes": self.size,
            "created_at": time(self.created),
            "downloadable": self.downloadable,
            "expires_at": self.expires.map(time),
        })
    }
}

/// A file to be stored.
#[derive(Clone, Debug)]
pub(in super::super) struct Incoming {
    pub(in super::super) name: String,
    pub(in super::super) mime: String,
    pub(in super::super) bytes: Bytes,
    pub(in super::super) lives: Option<Duration>,
    pub(in super::super) downloadable: bool,
}

/// Limits of storage, in bytes.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Limits {
    pub(in super::super) file: usize,
    pub(in super::super) storage: usize,
}

/// The stored files.
#[derive(Debug)]
pub(in super::super) struct Store {
    pub(super) limits: Limits,
    pub(super) faults: Faults,
    files: Vec<Arc<Stored>>,
    forgotten: HashSet<String>,
    /// Files that were deleted.
    deleted: HashSet<String>,
    /// Files whose lifetime a test has ended.
    ended: HashSet<String>,
    /// Simulated time in addition to the clock.
    ahead: Duration,
}

impl Store {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            faults: Faults::default(),
            files: Vec::new(),
            forgotten: HashSet::new(),
            deleted: HashSet::new(),
            ended: HashSet::new(),
            ahead: Duration::ZERO,
        }
    }

    /// Stores a file under a new id.
    pub(in super::super) fn add(&mut self, id: String, incoming: Incoming) -> Result<Arc<Stored>, ApiError> {
        self.sweep();
        let used: usize = self.files.iter().map(|file| file.bytes.len()).sum();
        if used.saturating_add(incoming.bytes.len()) > self.limits.storage {
            let most = self.limits.storage;
            let problem = format!("File storage limit exceeded: {used} of {most} bytes are in use");
            return Err(ApiError::new(403, "permission_error", problem));
        }
        let created = self.now();
        let stored = Arc::new(Stored {
            id,
            content: Content::of(&incoming.mime, &incoming.bytes),
            name: incoming.name,
            mime: incoming.mime,
            size: incoming.bytes.len(),
            bytes: incoming.bytes,
            created,
            expires: incoming.lives.map(|lives| created + lives),
            downloadable: incoming.downloadable,
        });
        self.files.push(Arc::clone(&stored));
        Ok(stored)
    }

    /// Returns a file that has not expired.
    pub(in super::super) fn find(&mut self, id: &str) -> Result<Arc<Stored>, Missing> {
        let stored = self.listed(id)?;
        if stored.expires.is_none_or(|end| end > self.now()) {
            return Ok(stored);
        }
        Err(if self.ended.contains(id) { Missing::ExpiredEarly } else { Missing::Expired })
    }

    /// Returns a file, even if it has expired.
    pub(super) fn listed(&mut self, id: &str) -> Result<Arc<Stored>, Missing> {
        self.sweep();
        let missing = if self.vanished(id) { Missing::Forgotten } else { Missing::Unknown };
        self.files.iter().find(|file| file.id == id).cloned().ok_or(missing)
    }

    /// Returns whether a test has removed a file.
    pub(super) fn vanished(&self, id: &str) -> bool {
        self.forgotten.contains(id)
    }

    /// Returns whether a file was here and has been deleted.
    pub(super) fn was_deleted(&self, id: &str) -> bool {
        self.deleted.contains(id)
    }

    /// Returns every file, oldest first.
    pub(super) fn all(&mut self) -> &[Arc<Stored>] {
        self.sweep();
        &self.files
    }

    /// Deletes a file, as its owner does.
    pub(super) fn delete(&mut self, id: &str) -> Result<(), Missing> {
        self.listed(id)?;
        self.files.retain(|file| file.id != id);
        self.deleted.insert(id.to_owned());
        Ok(())
    }

    /// Removes a file as if someone else had deleted it. Returns `false` if there is none.
    pub(super) fn forget(&mut self, id: &str) -> bool {
        let gone = self.delete(id).is_ok();
        if gone {
            self.forgotten.insert(id.to_owned());
        }
        gone
    }

    /// Ends the lifetime of a file. Returns `false` if there is none.
    pub(super) fn expire(&mut self, id: &str) -> bool {
        let now = self.now();
        let Some(file) = self.files.iter_mut().find(|file| file.id == id) else { return false };
        *file = Arc::new(Stored { bytes: Bytes::new(), expires: Some(now), ..Stored::clone(file) });
        self.ended.insert(id.to_owned());
        true
    }

    /// Advances the clock.
    pub(super) fn age(&mut self, by: Duration) {
        self.ahead += by;
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }

    /// Frees the bytes of expired files.
    fn sweep(&mut self) {
        let now = self.now();
        for file in &mut self.files {
            if !file.bytes.is_empty() && file.expires.is_some_and(|end| end <= now) {
                *file = Arc::new(Stored { bytes: Bytes::new(), ..Stored::clone(file) });
            }
        }
    }
}
