//! Fault injection by tests: calls that fail in a chosen way, and calls that are held.

use std::sync::Arc;

use serde_json::Value;

use super::faults::MethodGate;
use super::shared::Telegram;
use super::types::{Fault, Feature};

/// Keeps all calls of one method waiting before they are carried out. Dropping it releases them.
#[must_use = "dropping a hold releases it"]
pub struct Hold {
    gate: Arc<MethodGate>,
    telegram: Telegram,
}

impl Hold {
    /// Waits until at least one call is held. Has no time limit.
    pub async fn waiting(&self) {
        self.waiting_for(1).await;
    }

    /// Waits until at least `count` calls are held. Has no time limit.
    pub async fn waiting_for(&self, count: usize) {
        let mut state = self.gate.state.subscribe();
        let _reached = state.wait_for(|state| state.waiting >= count).await;
    }

    /// Waits until no call is held any more, because their callers have left. Has no time limit.
    pub async fn deserted(&self) {
        let mut state = self.gate.state.subscribe();
        let _left = state.wait_for(|state| state.waiting == 0).await;
    }

    /// Releases the held calls; later calls are not held.
    pub fn release(self) {
        drop(self);
    }

    /// Releases the held calls, the newest first; later calls are not held.
    pub fn release_newest_first(self) {
        self.gate.state.send_modify(|state| state.newest_first = true);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let gate = Arc::clone(&self.gate);
        self.telegram.shared.change(|world| world.faults.holds.retain(|held| !Arc::ptr_eq(held, &gate)));
        self.gate.state.send_modify(|state| state.open = true);
    }
}

impl Telegram {
    /// Makes the next `times` calls of a method fail with `fault`. The method may be in any spelling; `*`
    /// means every method, `download` the downloads of files. Several plans for one method apply in the order
    /// in which they were made.
    pub fn fail_next(&self, method: &str, times: u32, fault: Fault) {
        self.shared.change(|world| world.faults.plan(method, times, fault));
    }

    /// Removes the planned faults that no call has met yet.
    pub fn fail_no_more(&self) {
        self.shared.change(|world| world.faults.planned.clear());
    }

    /// Sets the result of `getMe`, to imitate other servers of the Bot API.
    pub fn answer_get_me(&self, me: Value) {
        self.shared.change(|world| world.me = Some(me));
    }

    /// Refuses every sent or edited text message that has `feature`, with 400 and this sentence.
    pub fn refuse(&self, feature: Feature, sentence: &str) {
        self.shared.change(|world| world.faults.unwanted.push((feature, sentence.to_owned())));
    }

    /// Ends all refusals made with [`refuse`](Self::refuse).
    pub fn refuse_no_more(&self) {
        self.shared.change(|world| world.faults.unwanted.clear());
    }

    /// Ends all penalties. A bot that was killed does not know those that it was under.
    pub fn end_penalties(&self) {
        self.shared.change(|world| world.rates.forgive());
    }

    /// Holds calls of a method (or each `download`) before they are carried out, until the hold is released
    /// or dropped.
    pub fn hold(&self, method: &str) -> Hold {
        let gate = Arc::new(MethodGate::new(method));
        self.shared.change(|world| world.faults.holds.push(Arc::clone(&gate)));
        Hold { gate, telegram: self.clone() }
    }
}
