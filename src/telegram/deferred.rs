//! Deferred updates, which found the mailbox of their thread full. They are stored in the inbox and retried
//! per thread, in order: while one waits, all later ones of its thread wait behind it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::domain::ids::{ThreadKey, UpdateId};

/// The deferred updates. Cheap to clone; bounded by the inbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deferred(Arc<Mutex<HashMap<ThreadKey, DeferredThread>>>);

/// The deferred updates of one thread.
#[derive(Debug, Default)]
struct DeferredThread {
    waiting: BTreeSet<UpdateId>,
    /// The update being retried, which does not wait for those behind it.
    tried: Option<UpdateId>,
}

impl Deferred {
    /// Defers an update. Returns `false` if it is deferred already.
    pub(crate) fn put(&self, key: ThreadKey, update: UpdateId) -> bool {
        let mut lines = self.lines();
        let line = lines.entry(key).or_default();
        line.waiting.insert(update) && line.tried != Some(update)
    }

    /// Returns whether an update has to wait behind others of its thread.
    pub(crate) fn is_behind(&self, key: ThreadKey, update: UpdateId) -> bool {
        self.lines().get(&key).is_some_and(|line| line.tried != Some(update))
    }

    /// Returns the threads with deferred updates.
    pub(crate) fn threads(&self) -> Vec<ThreadKey> {
        self.lines().keys().copied().collect()
    }

    /// Returns the oldest deferred update of a thread.
    pub(crate) fn first(&self, key: ThreadKey) -> Option<UpdateId> {
        self.lines().get(&key)?.waiting.first().copied()
    }

    /// Removes an update from its queue, which waits for the end of `attempt`. Returns `false` if the update
    /// was deferred again meanwhile.
    pub(crate) fn attempt(&self, key: ThreadKey, update: UpdateId, attempt: impl FnOnce()) -> bool {
        if let Some(line) = self.lines().get_mut(&key) {
            line.waiting.remove(&update);
            line.tried = Some(update);
        }
        attempt();
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(&key) else { return true };
        line.tried = None;
        let gone = !line.waiting.contains(&update);
        if line.waiting.is_empty() {
            lines.remove(&key);
        }
        gone
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<ThreadKey, DeferredThread>> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests;
