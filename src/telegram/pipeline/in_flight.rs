//! In hand: updates that wait in a batch, so that the sweep does not take them for lost. Files may hold a batch for
//! longer than an update is usually on its way.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::domain::ids::UpdateId;

/// Updates that sessions have in hand, and how many hold each. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<i64, usize>>>);

/// An update is in hand until this is dropped.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    all: InFlight,
    update: i64,
}

impl InFlight {
    /// Takes an update in hand.
    pub(crate) fn hold(&self, update: UpdateId) -> InFlightGuard {
        *self.updates().entry(update.0).or_default() += 1;
        InFlightGuard { all: self.clone(), update: update.0 }
    }

    /// The numbers of all updates in hand.
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
    fn an_update_is_in_hand_until_the_last_one_lets_go() {
        let all = InFlight::default();
        let (one, two) = (all.hold(UpdateId(1)), all.hold(UpdateId(1)));
        drop(one);
        assert_eq!(all.all(), [1]);
        drop(two);
        assert_eq!(all.all(), [0; 0]);
    }
}
