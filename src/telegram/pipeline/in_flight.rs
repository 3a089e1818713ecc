//! Updates that wait in a batch, which the sweep must not treat as stranded. Files may hold a batch longer
//! than updates usually take.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::domain::ids::UpdateId;

/// Updates in flight in sessions, with the number of guards of each. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<i64, usize>>>);

/// Keeps an update in flight until dropped.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    all: InFlight,
    update: i64,
}

impl InFlight {
    /// Marks an update as in flight.
    pub(crate) fn hold(&self, update: UpdateId) -> InFlightGuard {
        *self.updates().entry(update.0).or_default() += 1;
        InFlightGuard { all: self.clone(), update: update.0 }
    }

    /// Returns the ids of all updates in flight.
    pub(crate) fn all(&self) -> Vec<i64> {
        self.updates().keys().copied().collect()
    }

    fn updates(&self) -> MutexGuard<'_, HashMap<i64, usize>> {
        self.0.lock()
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut updates = self.all.updates();
        let left = updates.get(&self.update).map_or(0, |holders| holders.saturating_sub(1));
        if left == 0 {
            updates.remove(&self.update);
        } else {
            updates.insert(self.update, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_in_flight_until_its_last_guard_is_dropped() {
        let all = InFlight::default();
        let (one, two) = (all.hold(UpdateId(1)), all.hold(UpdateId(1)));
        drop(one);
        assert_eq!(all.all(), [1]);
        drop(two);
        assert_eq!(all.all(), [0; 0]);
    }
}
