//! Methods of the handle for files: tests read, remove and age files, and inject faults.

use std::time::Duration;

use axum::body::Bytes;
use chrono::{DateTime, Utc};

use super::faults::FileFault;
use super::store::{Incoming, Stored};
use crate::anthropic::endpoint::Endpoint;
use crate::anthropic::record::{Outcome, Recorded};

use crate::anthropic::{Anthropic, ApiError};

/// An uploaded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its id.
    pub id: String,
    /// The name given at the upload.
    pub name: String,
    /// The MIME type given at the upload.
    pub mime: String,
    /// Its length in bytes.
    pub size: usize,
    /// When the content expires, if ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether the content can be downloaded: only that of files made by a tool.
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
    /// Returns every file that was uploaded and neither deleted nor forgotten (see
    /// [`forget_file`](Self::forget_file)), oldest first, including expired ones.
    pub fn files(&self) -> Vec<StoredFile> {
        let mut store = self.core.files.lock();
        store.all().iter().map(|stored| StoredFile::from(&**stored)).collect()
    }

    /// Returns the bytes of a file; `None` if it does not exist or has expired.
    pub fn file_bytes(&self, id: &str) -> Option<Bytes> {
        self.core.files.lock().find(id).ok().map(|stored| stored.bytes.clone())
    }

    /// Removes a file as if someone else had deleted it. Returns `false` if there is none. A message that
    /// names the file afterwards is answered with 404 but counts as
    /// [`Outcome::Failed`], not as refused, because the client could not
    /// know.
    pub fn forget_file(&self, id: &str) -> bool {
        self.core.files.lock().forget(id)
    }

    /// Removes every file like [`forget_file`](Self::forget_file). Returns their ids, oldest first.
    pub fn forget_files(&self) -> Vec<String> {
        let mut store = self.core.files.lock();
        let ids: Vec<String> = store.all().iter().map(|stored| stored.id.clone()).collect();
        ids.into_iter().filter(|id| store.forget(id)).collect()
    }

    /// Ends the lifetime of a file before its time. Returns `false` if there is none. A message that names
    /// the file afterwards is answered with 404 and `file_expired` but counts as failed, as with
    /// [`forget_file`](Self::forget_file).
    pub fn expire_file(&self, id: &str) -> bool {
        self.core.files.lock().expire(id)
    }

    /// Returns the ids of the files that the client has deleted, in the order of deletion.
    pub fn deleted_files(&self) -> Vec<String> {
        self.core.file_log.read(|entries| entries.iter().filter_map(deleted).collect())
    }

    /// Waits until the client has deleted this file.
    pub async fn until_deleted(&self, id: &str, bound: Duration) -> anyhow::Result<()> {
        let gone =
            |entries: &[Recorded]| entries.iter().filter_map(deleted).any(|own| own == id).then_some(());
        self.until_files(&format!("deletion of {id}"), bound, gone).await
    }

    /// Advances the clock of the files, so that those with a lifetime expire.
    pub fn age_files(&self, by: Duration) {
        self.core.files.lock().age(by);
    }

    /// Adds a file as if a tool of the service had made it, so that it can be downloaded. Returns its id, or
    /// an error if the storage is full.
    pub fn add_made_file(&self, name: &str, mime: &str, bytes: Vec<u8>) -> Result<String, ApiError> {
        let incoming = Incoming {
            name: name.to_owned(),
            mime: mime.to_owned(),
            bytes: bytes.into(),
            lives: None,
            downloadable: true,
        };
        let id = self.core.ids.next("file_");
        self.core.files.lock().add(id, incoming).map(|stored| stored.id.clone())
    }

    /// Makes the next `times` valid uploads meet a fault. Several plans apply in the order in which they were
    /// made.
    pub fn fail_uploads(&self, times: u32, fault: FileFault) {
        self.fail_files(Endpoint::UploadFile, times, fault);
    }

    /// Makes the next `times` valid calls of one endpoint of the Files API meet a fault:
    /// [`Endpoint::UploadFile`], [`Endpoint::ReadFiles`] or [`Endpoint::DeleteFile`].
    pub fn fail_files(&self, endpoint: Endpoint, times: u32, fault: FileFault) {
        self.core.files.lock().faults.plan(endpoint, times, fault);
    }

    /// Returns every call of the Files API, in order of arrival; [`requests`](Self::requests) does not
    /// contain them. The `body` of an upload has `filename`, `mime_type`, `size_bytes` and
    /// `expires_in_seconds` (a string, or `null`), that of another call `id`; `raw` is empty.
    pub fn file_requests(&self) -> Vec<Recorded> {
        self.core.file_log.read(<[Recorded]>::to_vec)
    }

    /// Waits like [`until`](Self::until), but for a value in the calls of the Files API.
    pub async fn until_files<T>(
        &self,
        what: &str,
        bound: Duration,
        probe: impl FnMut(&[Recorded]) -> Option<T>,
    ) -> anyhow::Result<T> {
        self.core.file_log.until(what, bound, probe).await
    }
}

/// Returns the id in a deletion that succeeded.
fn deleted(entry: &Recorded) -> Option<String> {
    let done = entry.endpoint == Endpoint::DeleteFile && entry.outcome == Outcome::Finished;
    entry.body["id"].as_str().filter(|_| done).map(str::to_owned)
}
