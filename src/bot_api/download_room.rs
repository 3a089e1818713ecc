//! The room in memory for files that are larger than Telegram's own server hands out.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::file::{LARGEST_LOADED, PUBLIC_LIMIT};

/// The room for large files, in MiB: one of the largest size, or several smaller ones.
const ROOM: u32 = 128;
const MIB: u64 = 1024 * 1024;

/// The room for large files, over all chats. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct DownloadRoom(Arc<Semaphore>);

impl Default for DownloadRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM as usize)))
    }
}

impl DownloadRoom {
    /// Waits for room for a file of `size` bytes, or of unknown size but at most `limit`. Small files need
    /// none: their number is limited.
    pub(super) async fn take(&self, size: Option<u64>, limit: u64) -> Option<OwnedSemaphorePermit> {
        let size = size.unwrap_or(limit).min(LARGEST_LOADED);
        if size <= PUBLIC_LIMIT {
            return None;
        }
        let room = u32::try_from(size.div_ceil(MIB)).unwrap_or(ROOM).min(ROOM);
        // The semaphore is never closed, so this always returns a permit.
        self.0.clone().acquire_many_owned(room).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn large_files_share_the_room_and_small_ones_need_none() {
        let room = DownloadRoom::default();
        let take = |size: Option<u64>, limit| room.take(size, limit).now_or_never();
        assert!(take(Some(PUBLIC_LIMIT), 2_000 * MIB).is_some_and(|permit| permit.is_none()));
        assert!(take(None, PUBLIC_LIMIT).is_some_and(|permit| permit.is_none()));
        let first = take(Some(100 * MIB), 2_000 * MIB).flatten().unwrap();
        let second = take(Some(27 * MIB + 1), 2_000 * MIB).flatten().unwrap();
        assert!(take(Some(21 * MIB), 2_000 * MIB).is_none(), "it waits");
        drop(second);
        assert!(take(Some(21 * MIB), 2_000 * MIB).flatten().is_some());
        drop(first);
        // A size that is not known, and one above the room.
        assert!(take(None, 2_000 * MIB).flatten().is_some());
        assert!(take(Some(500 * MIB), 2_000 * MIB).flatten().is_some());
    }
}
