//! The fence: what keeps an instance from acting after the others have given it up. It knows when this
//! instance last proved to be alive, by a clock that runs on while the machine or the process is suspended.
//! What the database changes is fenced there, by the epochs of turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long an instance may act after a heartbeat. The others wait for 10 s, so what is under way ends
/// before.
const LIMIT_MS: u64 = 6_000;
/// The pause between two looks at a closed fence.
const LOOK: Duration = Duration::from_millis(50);

/// Whether this instance may act. Open until the first heartbeat. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Fence(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// When the last heartbeat was tried, and when the last one that arrived was sent; 0 before the first.
    tried: AtomicU64,
    beaten: AtomicU64,
    /// Whether others were alive at that time.
    has_peers: AtomicBool,
    /// Whether this instance was declared dead.
    lost: AtomicBool,
}

/// The time at which a heartbeat was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent(u64);

impl Fence {
    /// Records that a heartbeat is about to be sent.
    pub(crate) fn trying(&self) -> Sent {
        let now = now_ms();
        self.0.tried.store(now, Ordering::Release);
        Sent(now)
    }

    /// Records that a heartbeat has arrived, and whether others are alive.
    pub(crate) fn beaten(&self, Sent(at): Sent, has_peers: bool) {
        self.0.has_peers.store(has_peers, Ordering::Release);
        self.0.beaten.store(at, Ordering::Release);
    }

    /// Closes the fence for good.
    pub(crate) fn close(&self) {
        self.0.lost.store(true, Ordering::Release);
    }

    /// Returns whether it is closed for good.
    pub fn is_lost(&self) -> bool {
        self.0.lost.load(Ordering::Acquire)
    }

    /// Returns whether other instances were alive at the last heartbeat.
    pub(crate) fn has_peers(&self) -> bool {
        self.0.has_peers.load(Ordering::Acquire)
    }

    /// Returns whether this instance may act: ask Telegram or a model for something, or begin a turn.
    ///
    /// While other instances are alive, a heartbeat less than 6 s old must have reached the database. A lone
    /// instance may act while its database is away, because nobody could take over: it must only have tried a
    /// heartbeat in the last 6 s, so after a suspension it waits for its next try.
    pub fn is_open(&self) -> bool {
        self.is_open_at(now_ms())
    }

    fn is_open_at(&self, now: u64) -> bool {
        let State { tried, beaten, has_peers, .. } = &*self.0;
        let tried = tried.load(Ordering::Acquire);
        if tried == 0 || self.is_lost() {
            return !self.is_lost();
        }
        let recent = |at: u64| now.saturating_sub(at) < LIMIT_MS;
        recent(tried) && (!has_peers.load(Ordering::Acquire) || recent(beaten.load(Ordering::Acquire)))
    }

    /// Waits until this instance may act. The caller must be able to give up: it never may again once it is
    /// lost.
    pub async fn opened(&self) {
        while !self.is_open() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Returns the time since the system has started, in milliseconds, including the time in which it was
/// suspended.
fn now_ms() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    seconds * 1_000 + nanos / 1_000_000
}

#[cfg(test)]
mod tests;
