//! What tests do with files: look at them, let them vanish, age them, order faults.

use std::time::Duration;

use axum::body::Bytes;
use chrono::{DateTime, Utc};

use super::faults::FileFault;
use super::store::{Incoming, Stored};
use crate::anthropic::endpoint::Endpoint;
use crate::anthropic::record::Recorded;
use crate::anthropic::server::lock;
use crate::anthropic::{Anthropic, ApiError};

/// An uploaded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its id.
    pub id: String,
    /// The name it was uploaded under.
    pub name: String,
    /// The type it was uploaded with.
    pub mime: String,
    /// Its length in bytes.
    pub size: usize,
    /// When its bytes go, if they ever do by themselves.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether its content can be fetched: only of files that a tool made.
    pub downloadable: bool,
}

impl From<&Stored> for StoredFile {
    fn from(stored: &Stored) -> Self {
        Self {
            id: stored.id.clone(),
            name: stored.name.clone(),
            mime: stored.mime.clone(),
            size: stored.size,
            expires_at: stored.expires,
            downloadable: stored.downloadable,
        }
    }
}

impl Anthropic {
    /// Every file that was uploaded and neither deleted nor forgotten, oldest first; expired ones included.
    pub fn files(&self) -> Vec<StoredFile> {
        let mut store = lock(&self.core.files);
        store.all().iter().map(|stored| StoredFile::from(&**stored)).collect()
    }

    /// The bytes of a file; `None` when it is not there or has expired.
    pub fn file_bytes(&self, id: &str) -> Option<Bytes> {
        lock(&self.core.files).find(id).ok().map(|stored| stored.bytes.clone())
    }

    /// Lets a file vanish as if somebody else had deleted it; `false` when there is none. A message that names it
    /// afterwards is answered with 404 but counts as [`Outcome::Failed`](crate::anthropic::Outcome::Failed), not as
    /// refused: the client could not know.
    pub fn forget_file(&self, id: &str) -> bool {
        lock(&self.core.files).forget(id)
    }

    /// Moves the clock of the files on, so that those with a lifetime expire.
    pub fn age_files(&self, by: Duration) {
        lock(&self.core.files).age(by);
    }

    /// Adds a file as a tool of the service makes it: its content can be fetched. Returns its id; an error when the
    /// storage is full.
    pub fn add_made_file(&self, name: &str, mime: &str, bytes: Vec<u8>) -> Result<String, ApiError> {
        let incoming = Incoming {
            name: name.to_owned(),
            mime: mime.to_owned(),
            bytes: bytes.into(),
            lives: None,
            downloadable: true,
        };
        let id = self.core.ids.next("file_");
        lock(&self.core.files).add(id, incoming).map(|stored| stored.id.clone())
    }

    /// The next uploads that break no rule run into a fault. Several plans are used up in the order in which they
    /// were made.
    pub fn fail_uploads(&self, times: u32, fault: FileFault) {
        self.fail_files(Endpoint::UploadFile, times, fault);
    }

    /// The same for any call of the Files API: [`Endpoint::UploadFile`], [`Endpoint::ReadFiles`] or
    /// [`Endpoint::DeleteFile`].
    pub fn fail_files(&self, endpoint: Endpoint, times: u32, fault: FileFault) {
        lock(&self.core.files).faults.plan(endpoint, times, fault);
    }

    /// Every call of the Files API, in order of arrival; they do not stand among
    /// [`requests`](Self::requests). The `body` of an upload has `filename`, `mime_type`, `size_bytes` and
    /// `expires_in_seconds` (a string, or `null`), the one of another call `id`; `raw` is empty.
    pub fn file_requests(&self) -> Vec<Recorded> {
        self.core.file_log.read(<[Recorded]>::to_vec)
    }

    /// Like [`until`](Self::until), in the calls of the Files API.
    pub async fn until_files<T>(
        &self,
        what: &str,
        bound: Duration,
        probe: impl FnMut(&[Recorded]) -> Option<T>,
    ) -> anyhow::Result<T> {
        self.core.file_log.until(what, bound, probe).await
    }
}
