//! The updates that this process has passed on lately, so that one that comes again is not handled again while the
//! first is still under way. What is handled for good, the inbox knows.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::ids::UpdateId;

/// How many are remembered; far more than can be under way.
const REMEMBERED: usize = 20_000;

/// Updates that were passed on. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    order: VecDeque<UpdateId>,
    known: HashSet<UpdateId>,
}

impl Recent {
    /// Remembers an update; false if it was remembered before.
    pub(super) fn is_new(&self, update: UpdateId) -> bool {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !memory.known.insert(update) {
            return false;
        }
        memory.order.push_back(update);
        if memory.order.len() > REMEMBERED
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_new_once_and_the_memory_is_bounded() {
        let recent = Recent::default();
        let passed = (0..30_000).filter(|&id| recent.is_new(UpdateId(id / 2))).count();
        assert_eq!(passed, 15_000);
        assert!((15_000..40_000).all(|id| recent.is_new(UpdateId(id))));
        assert!(recent.is_new(UpdateId(0)), "forgotten by now");
        assert!(!recent.is_new(UpdateId(39_999)));
    }
}
