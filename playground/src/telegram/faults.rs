//! The state of fault injection: planned faults, refused features, and gates of held methods.

use std::sync::Arc;

use tokio::sync::watch;

use super::params::Params;
use super::refusal::Refusal;
use super::types::{Fault, Feature};

/// The name of file downloads for faults and holds. `*` does not include them.
pub(super) const DOWNLOAD: &str = "download";

/// Planned faults and held methods.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) planned: Vec<Planned>,
    /// Refused features, with the sentence of the refusal.
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

    /// Takes the fault of the next call of this method, if one is planned.
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

    /// Returns the refusal of a message that has a refused feature.
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

    /// Returns the gate of this method, if it is held.
    pub(super) fn gate(&self, method: &str) -> Option<Arc<MethodGate>> {
        self.holds.iter().find(|gate| gate.method.eq_ignore_ascii_case(method)).cloned()
    }
}

/// A gate that holds the calls of one method.
pub(super) struct MethodGate {
    method: String,
    pub(super) state: watch::Sender<GateState>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GateState {
    pub open: bool,
    pub waiting: usize,
    /// Whether a call passes only when all that came later have passed or left.
    pub newest_first: bool,
}

impl MethodGate {
    /// Creates a closed gate for a method.
    pub(super) fn new(method: &str) -> Self {
        Self { method: method.to_owned(), state: watch::Sender::new(GateState::default()) }
    }

    /// Waits until the gate opens. A caller that disconnects is no longer counted as waiting.
    pub(super) async fn pass(self: Arc<Self>) {
        let mut state = self.state.subscribe();
        let mut place = 0;
        self.state.send_modify(|state| {
            state.waiting += 1;
            place = state.waiting;
        });
        let _leave = Leave(&self);
        let _opened =
            state.wait_for(|state| state.open && (!state.newest_first || state.waiting <= place)).await;
    }
}

struct Leave<'a>(&'a MethodGate);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.waiting -= 1);
    }
}
