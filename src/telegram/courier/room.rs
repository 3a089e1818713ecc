//! The room in memory for the contents of files that are being sent, for all chats together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::media::{MediaFile, UPLOAD_LIMIT};

/// The room for contents that are being sent, in MiB: one upload of the largest size, and small ones beside
/// it.
const ROOM: u32 = 64;
const MIB: u64 = 1024 * 1024;

/// The room in memory for contents that are being sent. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct UploadRoom(Arc<Semaphore>);

impl Default for UploadRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM as usize)))
    }
}

impl UploadRoom {
    /// Waits for room for these files.
    pub(super) async fn take(&self, media: &[MediaFile]) -> Option<OwnedSemaphorePermit> {
        let made = media.iter().filter(|file| file.telegram_id.is_none());
        let size: u64 = made.map(|file| file.size).sum();
        let room = u32::try_from(size.min(UPLOAD_LIMIT) / MIB).unwrap_or(ROOM) + 1;
        self.0.clone().acquire_many_owned(room.min(ROOM)).await.ok()
    }
}
