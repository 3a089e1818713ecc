//! Isolation: turns run concurrently, but one suspected of crashing the process runs with nothing else in
//! flight. A crash then affects nothing else and identifies its cause. Other work runs between two suspects.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::domain::ids::{ChatId, TurnId, UpdateId};

/// How long a waiting suspect keeps new work from starting. If the running work has not ended by then, new
/// work may start for as long, and the suspect retries with twice the time.
const PATIENCE: Duration = Duration::from_secs(20);

/// Work that may crash the process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Suspect {
    /// An update being handled, and its chat.
    Update(UpdateId, ChatId),
    /// A turn being answered.
    Turn(TurnId),
}

/// How work is admitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Concurrently with other shared work.
    Shared,
    /// With nothing else in flight. The suspect that was alone in the fewest crashes goes first.
    Exclusive {
        /// The number of crashes in which it was alone in flight.
        crashes_alone: i32,
        suspect: Suspect,
    },
}

/// Admits work to run, shared or exclusive. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Isolation(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The number of shared permits in use.
    running: usize,
    /// The suspect with the exclusive permit.
    exclusive: Option<Suspect>,
    /// Whether no new work may start, because the first suspect waits for running work to end.
    closed: bool,
    /// The suspects waiting for the exclusive permit, ordered by crashes alone.
    waiting: BTreeSet<(i32, Suspect)>,
    /// The number of open assemblies.
    assembling: usize,
}

/// Keeps suspects from running while any clone exists. Suspects are added one by one, and without this the
/// first one added would run first, however often it was alone in a crash.
#[derive(Clone, Debug)]
pub(crate) struct Assembly {
    _open: Arc<OpenAssembly>,
}

#[derive(Debug)]
struct OpenAssembly(Isolation);

impl Drop for OpenAssembly {
    fn drop(&mut self) {
        self.0.change(|state| state.assembling -= 1);
    }
}

/// Permission to run, released when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    isolation: Isolation,
    mode: Mode,
    held: bool,
}

impl Isolation {
    /// Opens an assembly of suspects.
    pub(crate) fn assemble(&self) -> Assembly {
        self.change(|state| state.assembling += 1);
        Assembly { _open: Arc::new(OpenAssembly(self.clone())) }
    }

    /// Waits until work may run. Cancel-safe.
    pub(crate) async fn enter(&self, mode: Mode) -> Permit {
        self.enter_with(mode, |_, _| false).await
    }

    /// Waits like [`Self::enter`], but shared work may also start during an exclusive update if it `belongs`
    /// to it.
    pub(crate) async fn enter_with(&self, mode: Mode, belongs: impl Fn(UpdateId, ChatId) -> bool) -> Permit {
        match mode {
            Mode::Shared => self.shared(belongs).await,
            Mode::Exclusive { crashes_alone, suspect } => self.exclusive((crashes_alone, suspect)).await,
        }
        Permit { isolation: self.clone(), mode, held: true }
    }

    async fn shared(&self, belongs: impl Fn(UpdateId, ChatId) -> bool) {
        let may_begin = |state: &mut State| {
            let free = match state.exclusive {
                None => !state.closed,
                Some(Suspect::Update(update, chat)) => belongs(update, chat),
                Some(Suspect::Turn(_)) => false,
            };
            state.running += usize::from(free);
            free
        };
        self.until(may_begin).await;
    }

    async fn exclusive(&self, rank: (i32, Suspect)) {
        self.change(|state| state.waiting.insert(rank));
        let _dequeue = Undo(|| self.change(|state| state.waiting.remove(&rank)));
        let mut patience = PATIENCE;
        loop {
            let is_first = |state: &mut State| {
                let free = !state.closed && state.exclusive.is_none() && state.assembling == 0;
                let first = free && state.waiting.first() == Some(&rank);
                state.closed |= first;
                first
            };
            self.until(is_first).await;
            {
                let _reopen = Undo(|| self.change(|state| state.closed = false));
                let is_empty = |state: &mut State| {
                    let empty = state.running == 0;
                    if empty {
                        state.exclusive = Some(rank.1);
                    }
                    empty
                };
                if tokio::time::timeout(patience, self.until(is_empty)).await.is_ok() {
                    return;
                }
            }
            tokio::time::sleep(patience).await;
            patience *= 2;
        }
    }

    fn leave(&self, mode: Mode) {
        self.change(|state| match mode {
            Mode::Shared => state.running = state.running.saturating_sub(1),
            Mode::Exclusive { .. } => state.exclusive = None,
        });
    }

    /// Waits until `ready` returns `true`; it may then have changed the state.
    async fn until(&self, mut ready: impl FnMut(&mut State) -> bool) {
        loop {
            let changed = self.0.changed.notified();
            if ready(&mut self.state()) {
                return;
            }
            changed.await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) {
        change(&mut self.state());
        self.0.changed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }
}

impl Permit {
    /// Releases the permit for `time`, for work that only waits.
    pub(crate) async fn pause(&mut self, time: Duration) {
        self.isolation.leave(self.mode);
        self.held = false;
        tokio::time::sleep(time).await;
        *self = self.isolation.enter(self.mode).await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.held {
            self.isolation.leave(self.mode);
        }
    }
}

/// Runs a closure when dropped, even if the future is cancelled.
struct Undo<F: FnMut()>(F);

impl<F: FnMut()> Drop for Undo<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests;
