//! Arrivals: the updates that this process passed on recently, and when they arrived. A redelivered update is
//! not handled again while the first delivery is in flight; the inbox knows the ones already handled.

use std::collections::{HashMap, VecDeque};

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::domain::ids::UpdateId;

/// The most updates remembered; far more than can be in flight.
const REMEMBERED: usize = 20_000;

/// The updates passed on recently.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    order: VecDeque<UpdateId>,
    known: HashMap<UpdateId, Instant>,
}

impl Arrivals {
    /// Remembers an update that arrived at this time. Returns `false` if it is known already.
    pub(crate) fn is_new(&self, update: UpdateId, came: Instant) -> bool {
        let mut memory = self.memory();
        if memory.known.contains_key(&update) {
            return false;
        }
        memory.known.insert(update, came);
        memory.order.push_back(update);
        if memory.order.len() > REMEMBERED
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.known.remove(&oldest);
        }
        true
    }

    /// Forgets an update that was not passed on after all.
    pub(crate) fn forget(&self, update: UpdateId) {
        self.memory().known.remove(&update);
    }

    /// Returns when an update arrived, or `None` if it is not remembered.
    pub(crate) fn time(&self, update: UpdateId) -> Option<Instant> {
        self.memory().known.get(&update).copied()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_new_once_and_the_memory_is_bounded() {
        let (arrivals, now) = (Arrivals::default(), Instant::now());
        let passed = (0..30_000).filter(|&id| arrivals.is_new(UpdateId(id / 2), now)).count();
        assert_eq!(passed, 15_000);
        assert!((15_000..40_000).all(|id| arrivals.is_new(UpdateId(id), now)));
        assert_eq!(arrivals.time(UpdateId(0)), None, "forgotten by now");
        assert!(arrivals.is_new(UpdateId(0), now));
        assert!(!arrivals.is_new(UpdateId(39_999), now));
    }

    #[test]
    fn the_first_time_counts() {
        let (arrivals, first) = (Arrivals::default(), Instant::now());
        arrivals.is_new(UpdateId(1), first);
        arrivals.is_new(UpdateId(1), first + std::time::Duration::from_secs(1));
        assert_eq!(arrivals.time(UpdateId(1)), Some(first));
    }
}
