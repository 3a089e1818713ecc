//! Readiness: whether updates are received and dispatched now, and if not, why. The response of `/ready`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

/// The phase of the service and the health of the parts that updates pass. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Readiness {
    stage: Arc<AtomicU8>,
    /// Why the service stands by, in words for the operator.
    standby: Arc<Mutex<String>>,
    /// The part that receives updates from Telegram and stores them.
    pub intake: Health,
    /// The part that dispatches stored updates to the handlers.
    pub dispatcher: Health,
}

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const DRAINING: u8 = 2;
const STANDBY: u8 = 3;

impl Default for Readiness {
    fn default() -> Self {
        Self {
            stage: Arc::new(AtomicU8::new(STARTING)),
            standby: Arc::default(),
            intake: Health::new("no updates have been asked for yet"),
            dispatcher: Health::new("the dispatcher has not begun yet"),
        }
    }
}

impl Readiness {
    /// Marks the start as finished; from now on the parts decide.
    pub(crate) fn running(&self) {
        self.stage.store(RUNNING, Ordering::Relaxed);
    }

    /// Marks the service as standing by, for this reason.
    pub(crate) fn standing_by(&self, reason: String) {
        *self.standby.lock() = reason;
        self.stage.store(STANDBY, Ordering::Relaxed);
    }

    /// Marks the service as starting again, after standing by.
    pub(crate) fn starting(&self) {
        self.stage.store(STARTING, Ordering::Relaxed);
    }

    /// Marks the service as draining: it takes no new work.
    pub(crate) fn draining(&self) {
        self.stage.store(DRAINING, Ordering::Relaxed);
    }

    /// Checks whether updates are received and dispatched.
    ///
    /// # Errors
    /// Returns the reason why not, in words for the operator.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.stage.load(Ordering::Relaxed) {
            STARTING => Err("starting".to_owned()),
            DRAINING => Err("draining".to_owned()),
            STANDBY => Err(format!("standing by: {}", self.standby.lock())),
            _ => {
                let now = Instant::now();
                let problems = [&self.intake, &self.dispatcher].into_iter();
                let problems: Vec<String> = problems.filter_map(|part| part.problem(now)).collect();
                if problems.is_empty() { Ok(()) } else { Err(format!("not ready: {}", problems.join("; "))) }
            }
        }
    }
}

/// The last report of one part and how long it is valid. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Health(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// The time from which the part counts as failed; `None` if it works until its next report.
    fails_at: Option<Instant>,
    /// The reason from that time on.
    reason: String,
}

impl Health {
    /// Creates a part that does not work yet.
    fn new(reason: &str) -> Self {
        Self(Arc::new(Mutex::new(State { fails_at: Some(Instant::now()), reason: reason.to_owned() })))
    }

    /// Reports that the part works until its next report.
    pub(crate) fn works(&self) {
        self.state().fails_at = None;
    }

    /// Reports that the part works. Without another report within `limit`, it counts as failed for this
    /// reason.
    pub(crate) fn works_for(&self, limit: Duration, reason: &str) {
        let mut state = self.state();
        state.fails_at = Some(Instant::now() + limit);
        reason.clone_into(&mut state.reason);
    }

    /// Reports a failure: the part counts as failed for this reason unless it recovers within `grace`.
    /// Further failures do not extend that time.
    pub(crate) fn fails_after(&self, grace: Duration, reason: &str) {
        let mut state = self.state();
        let end = Instant::now() + grace;
        state.fails_at = Some(state.fails_at.map_or(end, |earlier| earlier.min(end)));
        reason.clone_into(&mut state.reason);
    }

    /// Returns whether the part works now.
    pub(crate) fn is_working(&self) -> bool {
        self.problem(Instant::now()).is_none()
    }

    fn problem(&self, now: Instant) -> Option<String> {
        let state = self.state();
        state.fails_at.is_some_and(|end| end <= now).then(|| state.reason.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic half-way.
        self.0.lock()
    }
}

#[cfg(test)]
mod tests;
