//! Reads files of conversations: few are in memory at once, and fewer are worked on, on threads for blocking
//! work.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::file_contents::{ContentError, FileContents, FoundFile, LoadedFile};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::ThreadKey;

/// Files that are loaded at once, over all conversations: each is in memory until it is read.
const MAX_LOADED: usize = 4;

/// Loads and reads files. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct FileReaders {
    contents: FileContents,
    readers: Arc<Semaphore>,
    loaded: Arc<Semaphore>,
}

/// A file that is in memory. Dropping it makes room for the next one.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) file: FoundFile,
    pub(super) bytes: Vec<u8>,
    pub(super) place: Place,
}

/// The place of a file among those in memory. Work on the content keeps it.
#[derive(Debug)]
pub(super) struct Place {
    _room: Option<OwnedSemaphorePermit>,
    _loaded: Option<OwnedSemaphorePermit>,
}

impl FileReaders {
    /// Creates readers of which at most `most` work at once, over all conversations.
    pub(super) fn new(contents: FileContents, most: usize) -> Self {
        let (readers, loaded) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(MAX_LOADED)));
        Self { contents, readers, loaded }
    }

    /// Finds a file of the conversation, checks it and loads it.
    ///
    /// # Errors
    /// Returns the error of the check, or the [`ContentError`]: also [`ContentError::Gone`] if the
    /// conversation has no such file.
    pub(super) async fn open<E: From<ContentError>>(
        &self,
        key: ThreadKey,
        id: PublicFileId,
        check: impl FnOnce(&FoundFile) -> Result<(), E>,
    ) -> Result<OpenFile, E> {
        let found = self.contents.find(key, id).await.map_err(ContentError::from)?;
        let file = found.ok_or(ContentError::Gone)?;
        check(&file)?;
        // The semaphores are never closed, so they always return a permit.
        let loaded = self.loaded.clone().acquire_owned().await.ok();
        let LoadedFile { bytes, room } = self.contents.load(&file).await?;
        Ok(OpenFile { file, bytes, place: Place { _room: room, _loaded: loaded } })
    }

    /// Works on a thread for blocking work. Returns `None` if the work panics, which is logged. Dropping the
    /// future does not end that thread, so the thread holds the permit.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let permit = self.readers.clone().acquire_owned().await.ok();
        let working = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        let done = working.await.inspect_err(|error| {
            tracing::error!(error = error as &dyn std::error::Error, "reading a file failed");
        });
        done.ok()
    }
}
