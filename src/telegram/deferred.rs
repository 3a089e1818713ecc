//! Updates that found the mailbox of their thread full. They are stored; this remembers to try them again, thread by
//! thread and in order: as long as one waits, all later ones of its thread wait behind it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::domain::ids::{ThreadKey, UpdateId};

/// Updates that wait. Cheap to clone; bounded by what the inbox holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deferred(Arc<Mutex<HashMap<ThreadKey, DeferredThread>>>);

/// The updates of one thread.
#[derive(Debug, Default)]
struct DeferredThread {
    waiting: BTreeSet<UpdateId>,
    /// The one that is being tried; it need not wait for those behind it.
    tried: Option<UpdateId>,
}

impl Deferred {
    /// Remembers an update; false if it was remembered before.
    pub(crate) fn put(&self, key: ThreadKey, update: UpdateId) -> bool {
        let mut lines = self.lines();
        let line = lines.entry(key).or_default();
        line.waiting.insert(update) && line.tried != Some(update)
    }

    /// Whether an update has to wait because others of its thread do.
    pub(crate) fn is_behind(&self, key: ThreadKey, update: UpdateId) -> bool {
        self.lines().get(&key).is_some_and(|line| line.tried != Some(update))
    }

    /// The threads of which an update waits.
    pub(crate) fn threads(&self) -> Vec<ThreadKey> {
        self.lines().keys().copied().collect()
    }

    /// The oldest update of a thread that waits.
    pub(crate) fn first(&self, key: ThreadKey) -> Option<UpdateId> {
        self.lines().get(&key)?.waiting.first().copied()
    }

    /// Takes an update out of its line, which waits for the end of `attempt`; false if it was put back meanwhile.
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
mod tests {
    use super::*;
    use crate::domain::ids::{ChatId, UserId};

    const KEY: ThreadKey = ThreadKey { chat: ChatId(1), user: UserId(1), topic: None };

    #[test]
    fn nothing_overtakes_a_deferred_update_of_its_thread() {
        let deferred = Deferred::default();
        assert!(!deferred.is_behind(KEY, UpdateId(1)));
        for (update, new) in [(2, true), (1, true), (2, false)] {
            assert_eq!(deferred.put(KEY, UpdateId(update)), new);
        }
        assert!(deferred.is_behind(KEY, UpdateId(3)));
        assert!(!deferred.is_behind(ThreadKey { user: UserId(2), ..KEY }, UpdateId(3)), "another thread");
        assert_eq!(deferred.first(KEY), Some(UpdateId(1)));
        let full = deferred.attempt(KEY, UpdateId(1), || {
            assert!(!deferred.is_behind(KEY, UpdateId(1)));
            assert!(deferred.is_behind(KEY, UpdateId(2)), "also during the attempt");
            assert!(!deferred.put(KEY, UpdateId(1)));
        });
        assert!(!full, "it was put back");
        assert_eq!(deferred.first(KEY), Some(UpdateId(1)));
        assert!(deferred.attempt(KEY, UpdateId(1), || {}));
        assert!(deferred.attempt(KEY, UpdateId(2), || assert!(deferred.is_behind(KEY, UpdateId(3)))));
        assert!(!deferred.is_behind(KEY, UpdateId(3)));
        assert!(deferred.threads().is_empty());
    }
}
