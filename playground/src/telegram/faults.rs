//! Faults on demand: calls that fail in a chosen way, and calls that wait until a test lets them go.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::Telegram;
use super::params::Params;
use super::refusal::Refusal;
use super::types::{Fault, Feature};

/// The name under which downloads of files meet faults and holds; `*` does not mean them.
pub(super) const DOWNLOAD: &str = "download";

/// Faults that wait for their calls, and methods that are held.
#[derive(Default)]
pub(super) struct Faults {
    planned: Vec<Planned>,
    /// What messages may not have, with the sentence of the refusal.
    unwanted: Vec<(Feature, String)>,
    holds: Vec<Arc<MethodGate>>,
}

struct Planned {
    method: String,
    times: u32,
    fault: Fault,
}

impl Faults {
    pub(super) fn plan(&mut self, method: &str, times: u32, fault: Fault) {
        if times > 0 {
            self.planned.push(Planned { method: method.to_lowercase(), times, fault });
        }
    }

    /// The fault that the next call of this method meets.
    pub(super) fn take(&mut self, method: &str) -> Option<Fault> {
        let method = method.to_lowercase();
        let meant =
            |planned: &Planned| planned.method == method || (planned.method == "*" && method != DOWNLOAD);
        let at = self.planned.iter().position(meant)?;
        let planned = self.planned.get_mut(at)?;
        planned.times -= 1;
        let fault = planned.fault.clone();
        if planned.times == 0 {
            self.planned.remove(at);
        }
        Some(fault)
    }

    /// The refusal of a message with something that is not wanted.
    pub(super) fn refusal(&self, method: &str, params: &Params) -> Option<Refusal> {
        let edits = method == "editMessageText";
        if method != "sendMessage" && !edits {
            return None;
        }
        let has = |feature: Feature| match feature {
            Feature::Entities => {
                matches!(params.list("entities"), Ok(Some(entities)) if !entities.is_empty())
            }
            Feature::Keyboard => params.get("reply_markup").is_some(),
            Feature::Reply => params.get("reply_parameters").is_some(),
            Feature::Topic => params.int("message_thread_id").is_some(),
            Feature::Edit => edits,
            Feature::Text => true,
        };
        let (_, sentence) = self.unwanted.iter().find(|(feature, _)| has(*feature))?;
        Some(Refusal::bad(sentence))
    }

    /// The gate that a call of this method has to pass, if any.
    pub(super) fn gate(&self, method: &str) -> Option<Arc<MethodGate>> {
        self.holds.iter().find(|gate| gate.method.eq_ignore_ascii_case(method)).cloned()
    }
}

/// A gate in front of one method.
pub(super) struct MethodGate {
    method: String,
    state: watch::Sender<GateState>,
}

#[derive(Debug, Clone, Copy, Default)]
struct GateState {
    open: bool,
    waiting: usize,
}

impl MethodGate {
    /// Waits until the gate opens; leaves the count also when the caller goes away.
    pub(super) async fn pass(self: Arc<Self>) {
        let mut state = self.state.subscribe();
        self.state.send_modify(|state| state.waiting += 1);
        let _leave = Leave(&self);
        let _opened = state.wait_for(|state| state.open).await;
    }
}

struct Leave<'a>(&'a MethodGate);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.waiting -= 1);
    }
}

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
        let gate = Arc::new(MethodGate {
            method: method.to_owned(),
            state: watch::Sender::new(GateState::default()),
        });
        self.shared.change(|world| world.faults.holds.push(Arc::clone(&gate)));
        Hold { gate, telegram: self.clone() }
    }
}
