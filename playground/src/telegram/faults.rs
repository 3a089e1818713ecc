//! Faults on demand: calls that fail in a chosen way, and calls that wait until a test lets them go.

use std::sync::Arc;

use tokio::sync::watch;

use super::params::Params;
use super::refusal::Refusal;
use super::types::{Fault, Feature};

/// The name under which downloads of files meet faults and holds; `*` does not mean them.
pub(super) const DOWNLOAD: &str = "download";

/// Faults that wait for their calls, and methods that are held.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) planned: Vec<Planned>,
    /// What messages may not have, with the sentence of the refusal.
    pub(super) unwanted: Vec<(Feature, String)>,
    pub(super) holds: Vec<Arc<MethodGate>>,
}

pub(super) struct Planned {
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
    pub(super) state: watch::Sender<GateState>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GateState {
    pub open: bool,
    pub waiting: usize,
}

impl MethodGate {
    /// A closed gate in front of a method.
    pub(super) fn new(method: &str) -> Self {
        Self { method: method.to_owned(), state: watch::Sender::new(GateState::default()) }
    }

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
