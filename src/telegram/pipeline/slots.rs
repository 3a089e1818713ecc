//! Slots: the limit of concurrent work per user. Further work waits in order of arrival.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::ids::UserId;

/// The slots of all users. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    each: usize,
    users: Arc<Mutex<HashMap<UserId, Arc<Semaphore>>>>,
}

/// A slot, released when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    user: UserId,
    permit: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// Creates `each` slots per user.
    pub(crate) fn new(each: usize) -> Self {
        Self { each, users: Arc::default() }
    }

    /// Waits for a slot.
    pub(crate) async fn acquire(&self, user: UserId) -> Slot {
        self.places(user, 1).await
    }

    /// Waits for all slots of the user, so that nothing else of the user runs.
    pub(crate) async fn acquire_all(&self, user: UserId) -> Slot {
        self.places(user, self.each).await
    }

    async fn places(&self, user: UserId, count: usize) -> Slot {
        let places = self.users().entry(user).or_insert_with(|| Arc::new(Semaphore::new(self.each))).clone();
        // The semaphore is never closed, so this always returns a permit.
        let permit = places.acquire_many_owned(u32::try_from(count).unwrap_or(u32::MAX)).await.ok();
        Slot { slots: self.clone(), user, permit }
    }

    fn users(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Semaphore>>> {
        self.users.lock()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.permit = None;
        let mut users = self.slots.users();
        // Only the map holds the semaphore and all slots are free: no work runs or waits.
        let idle = |places: &Arc<Semaphore>| {
            Arc::strong_count(places) == 1 && places.available_permits() == self.slots.each
        };
        if users.get(&self.user).is_some_and(idle) {
            users.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests;
