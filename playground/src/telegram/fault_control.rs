//! How a test orders faults: calls that fail in a chosen way, and calls that are held.

use std::sync::Arc;

use serde_json::Value;

use super::faults::MethodGate;
use super::shared::Telegram;
use super::types::{Fault, Feature};

/// Keeps all calls of one method waiting before they are carried out; dropping it lets them go.
#[must_use = "dropping a hold releases it"]
pub struct Hold {
    gate: Arc<MethodGate>,
    telegram: Telegram,
}

impl Hold {
    /// Returns as soon as at least one call waits. Has no limit of its own.
    pub async fn waiting(&self) {
        self.waiting_for(1).await;
    }

    /// Returns as soon as at least `count` calls wait. Has no limit of its own.
    pub async fn waiting_for(&self, count: usize) {
        let mut state = self.gate.state.subscribe();
        let _reached = state.wait_for(|state| state.waiting >= count).await;
    }

    /// Lets all waiting and later calls go.
    pub fn release(self) {
        drop(self);
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
    /// The next `times` calls of a method (any spelling; `*` for every method; `download` for downloads of files) run
    /// into a fault.
    /// Several plans for one method are used up in the order in which they were made.
    pub fn fail_next(&self, method: &str, times: u32, fault: Fault) {
        self.shared.change(|world| world.faults.plan(method, times, fault));
    }

    /// Forgets the faults that no call has met yet.
    pub fn fail_no_more(&self) {
        self.shared.change(|world| world.faults.planned.clear());
    }

    /// From now on `getMe` answers exactly this, as other servers of the Bot API may.
    pub fn answer_get_me(&self, me: Value) {
        self.shared.change(|world| world.me = Some(me));
    }

    /// From now on every new or changed text message that has `feature` is refused with 400 and this sentence.
    pub fn refuse(&self, feature: Feature, sentence: &str) {
        self.shared.change(|world| world.faults.unwanted.push((feature, sentence.to_owned())));
    }

    /// Takes all messages again.
    pub fn refuse_no_more(&self) {
        self.shared.change(|world| world.faults.unwanted.clear());
    }

    /// Calls of a method (or each `download`) wait before they are carried out, until the hold is released or dropped.
    pub fn hold(&self, method: &str) -> Hold {
        let gate = Arc::new(MethodGate::new(method));
        self.shared.change(|world| world.faults.holds.push(Arc::clone(&gate)));
        Hold { gate, telegram: self.clone() }
    }
}
