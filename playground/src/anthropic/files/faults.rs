//! Faults of the Files API on order.

use crate::anthropic::endpoint::Endpoint;
use crate::anthropic::error::ApiError;
use crate::anthropic::reply::Gate;

/// What a call of the Files API that breaks no rule runs into.
#[derive(Clone, Debug)]
pub enum FileFault {
    /// It is answered with this error, and nothing happens.
    Error(ApiError),
    /// The connection breaks, and nothing happens.
    Cut,
    /// It is carried out, then the connection breaks without an answer.
    CutAfter,
    /// It waits until the test opens the gate, then goes on as if nothing had been.
    Hold(Gate),
}

/// Faults that wait for their calls.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Planned>);

#[derive(Debug)]
struct Planned {
    endpoint: Endpoint,
    times: u32,
    fault: FileFault,
}

impl Faults {
    pub(super) fn plan(&mut self, endpoint: Endpoint, times: u32, fault: FileFault) {
        if times > 0 {
            self.0.push(Planned { endpoint, times, fault });
        }
    }

    /// The fault that the next call meets.
    pub(super) fn take(&mut self, endpoint: Endpoint) -> Option<FileFault> {
        let at = self.0.iter().position(|planned| planned.endpoint == endpoint)?;
        let planned = &mut self.0[at];
        planned.times -= 1;
        let fault = planned.fault.clone();
        if planned.times == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }
}
