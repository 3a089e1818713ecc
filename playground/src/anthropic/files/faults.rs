//! Injected faults of the Files API.

use crate::anthropic::endpoint::Endpoint;
use crate::anthropic::error::ApiError;
use crate::anthropic::reply::Gate;

/// An injected fault of a valid call of the Files API.
#[derive(Clone, Debug)]
pub enum FileFault {
    /// The call gets this error and has no effect.
    Error(ApiError),
    /// The connection breaks and the call has no effect.
    Cut,
    /// The call is carried out, then the connection breaks without an answer.
    CutAfter,
    /// The call waits until the test opens the gate, then proceeds normally.
    Hold(Gate),
}

/// Planned faults.
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

    /// Takes the fault of the next call of an endpoint, if one is planned.
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
