//! Ids in the format of the API. They never repeat, not even after a restart, because conversations outlive
//! the emulator and the API refuses a duplicate tool call id.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug)]
pub(super) struct Ids {
    start: u64,
    count: AtomicU64,
}

impl Ids {
    pub(super) fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: u64::try_from(since_epoch.as_nanos()).unwrap_or_default(), count: AtomicU64::new(0) }
    }

    /// Returns a new id with a prefix such as `msg_`.
    pub(super) fn next(&self, prefix: &str) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{prefix}01{:016x}{count:06x}", self.start)
    }
}
