//! The buckets that this instance holds, and what runs in them. A bucket is given away only while nothing runs
//! in it; work enters it under a guard.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::domain::bucket::{BUCKETS, Bucket};
use crate::domain::ids::InstanceId;

/// The buckets that this instance holds. Cheap to clone. A program that is no instance has all, under epoch 0.
#[derive(Clone, Debug, Default)]
pub struct Holdings(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells sessions without work that their buckets may be given away.
    leaving: Notify,
    /// Tells that nothing runs any more in a bucket that is to be given away.
    idle: Notify,
}

#[derive(Debug)]
struct State {
    /// `None` for a program that is no instance.
    instance: Option<InstanceId>,
    places: Vec<Place>,
}

impl Default for State {
    fn default() -> Self {
        Self { instance: None, places: vec![Place::default(); BUCKETS] }
    }
}

/// What is known about one bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Place {
    /// The epoch under which it is held; `None` if it is not.
    epoch: Option<i64>,
    /// Whether updates are passed on: what its last holder has left is taken up.
    open: bool,
    /// Whether it is being given away: nothing may begin meanwhile.
    closed: bool,
    /// Whether it is to be given away as soon as nothing runs in it.
    leaving: bool,
    /// The number of guards.
    running: usize,
}

/// Keeps a bucket from being given away until dropped.
#[derive(Debug)]
pub(crate) struct Occupied {
    holdings: Holdings,
    bucket: Bucket,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        let mut state = self.holdings.state();
        let Some(place) = state.places.get_mut(self.bucket.index()) else { return };
        place.running = place.running.saturating_sub(1);
        let is_idle = place.running == 0 && place.leaving;
        drop(state);
        if is_idle {
            self.holdings.0.idle.notify_one();
        }
    }
}

impl Holdings {
    /// Makes this program an instance, which holds nothing yet.
    pub(crate) fn join(&self, instance: InstanceId) {
        self.state().instance = Some(instance);
    }

    /// Returns the id of this instance; 0 for a program that is none.
    pub(crate) fn instance(&self) -> InstanceId {
        self.state().instance.unwrap_or(InstanceId(0))
    }

    /// Returns the epoch under which a bucket is held; `None` if it is not.
    pub(crate) fn epoch(&self, bucket: Bucket) -> Option<i64> {
        let state = self.state();
        if state.instance.is_none() {
            return Some(0);
        }
        state.places.get(bucket.index()).and_then(|place| place.epoch)
    }

    /// Returns the highest epoch of the held buckets; 0 if none is held.
    pub(crate) fn highest_epoch(&self) -> i64 {
        self.state().places.iter().filter_map(|place| place.epoch).max().unwrap_or(0)
    }

    /// Returns the held buckets.
    pub(crate) fn held(&self) -> Vec<Bucket> {
        self.having(|place| place.epoch.is_some())
    }

    /// Returns the held buckets whose updates are passed on.
    pub(crate) fn opened(&self) -> Vec<Bucket> {
        self.having(|place| place.open)
    }

    /// Returns the held buckets in which the work of the last holder is not taken up yet.
    pub(crate) fn unopened(&self) -> Vec<Bucket> {
        self.having(|place| place.epoch.is_some() && !place.open)
    }

    /// Returns the held buckets in which nothing runs.
    pub(crate) fn idle(&self) -> Vec<Bucket> {
        self.having(|place| place.open && place.running == 0)
    }

    /// Returns whether updates of a bucket are passed on here.
    pub(crate) fn is_open(&self, bucket: Bucket) -> bool {
        let state = self.state();
        state.instance.is_none() || state.places.get(bucket.index()).is_some_and(|it| it.open && !it.closed)
    }

    /// Records what the database says: exactly these buckets are held, under these epochs. Returns whether any
    /// was unknown before.
    pub(crate) fn hold(&self, held: &[(Bucket, i64)]) -> bool {
        let mut state = self.state();
        let mut is_new = false;
        let mut places = vec![None; BUCKETS];
        for (bucket, epoch) in held {
            if let Some(place) = places.get_mut(bucket.index()) {
                *place = Some(*epoch);
            }
        }
        for (place, epoch) in state.places.iter_mut().zip(places) {
            // Whether what was closed has been given away was not known before.
            place.closed = false;
            if place.epoch != epoch {
                is_new |= epoch.is_some();
                *place = Place { epoch, running: place.running, ..Place::default() };
            }
        }
        is_new
    }

    /// Lets updates of held buckets be passed on from now on.
    pub(crate) fn open(&self, buckets: &[Bucket]) {
        self.each(buckets, |place| place.open = place.epoch.is_some());
    }

    /// Enters a held bucket. Returns `None` if it is not held, or being given away.
    pub(crate) fn enter(&self, bucket: Bucket) -> Option<Occupied> {
        let mut state = self.state();
        let is_none = state.instance.is_none();
        let place = state.places.get_mut(bucket.index())?;
        if !is_none && (place.epoch.is_none() || place.closed) {
            return None;
        }
        place.running += 1;
        drop(state);
        Some(Occupied { holdings: self.clone(), bucket })
    }

    /// Closes those of the buckets in which nothing runs, so that nothing begins there, and returns them.
    pub(crate) fn close(&self, buckets: &[Bucket]) -> Vec<Bucket> {
        let mut closed = Vec::new();
        let mut state = self.state();
        for bucket in buckets {
            if let Some(place) = state.places.get_mut(bucket.index())
                && place.open
                && place.running == 0
            {
                place.closed = true;
                closed.push(*bucket);
            }
        }
        closed
    }

    /// Lets work begin again in closed buckets that could not be given away.
    pub(crate) fn reopen(&self, buckets: &[Bucket]) {
        self.each(buckets, |place| place.closed = false);
    }

    /// Records that buckets were given away.
    pub(crate) fn release(&self, buckets: &[Bucket]) {
        self.each(buckets, |place| *place = Place { running: place.running, ..Place::default() });
    }

    /// Sets which buckets are to be given away as soon as nothing runs in them.
    pub(crate) fn leave(&self, buckets: &[Bucket]) {
        let mut state = self.state();
        for place in &mut state.places {
            place.leaving = false;
        }
        drop(state);
        self.each(buckets, |place| place.leaving = place.epoch.is_some());
        if !buckets.is_empty() {
            self.0.leaving.notify_waiters();
        }
    }

    /// Waits until a bucket is to be given away.
    pub(crate) async fn leaving(&self, bucket: Bucket) {
        loop {
            let changed = self.0.leaving.notified();
            if self.state().places.get(bucket.index()).is_some_and(|place| place.leaving) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until nothing runs any more in one of the buckets that are to be given away.
    pub(crate) async fn idled(&self) {
        self.0.idle.notified().await;
    }

    fn having(&self, wanted: impl Fn(&Place) -> bool) -> Vec<Bucket> {
        let state = self.state();
        Bucket::all().filter(|bucket| state.places.get(bucket.index()).is_some_and(&wanted)).collect()
    }

    fn each(&self, buckets: &[Bucket], change: impl Fn(&mut Place)) {
        let mut state = self.state();
        for bucket in buckets {
            if let Some(place) = state.places.get_mut(bucket.index()) {
                change(place);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }
}

#[cfg(test)]
mod tests;
