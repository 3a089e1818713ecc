//! A call of a paid service of a tool: a picture, a sandbox. It stands in the books of the turn from its
//! start, so neither a stop, a time limit nor a crash hides what it has used.

use rust_decimal::Decimal;
use tokio::time::Instant;

use super::metering::{CUT, RUNNING, TurnMeter};
use crate::domain::model::ModelId;
use crate::domain::turn::ModelCall;
use crate::domain::usage::Usage;

/// A running call of a paid service. Dropped before its end, it counts as cut, with the usage known so far.
#[derive(Debug)]
pub(crate) struct PaidCall {
    meter: TurnMeter,
    call: ModelCall,
    started: Instant,
    /// Whether the elapsed time is what is paid for.
    timed: bool,
    /// What is charged if the call is cut.
    if_cut: Option<Usage>,
}

impl PaidCall {
    /// Starts a call of this model or service, which has a row in the price table. Its usage is reported with
    /// [`used`](Self::used).
    pub(crate) fn start(meter: &TurnMeter, service: ModelId) -> Self {
        Self::new(meter, service, false)
    }

    /// Starts a call of a service that is charged by the second, from now until the call ends or is dropped.
    pub(crate) fn by_the_second(meter: &TurnMeter, service: ModelId) -> Self {
        Self::new(meter, service, true)
    }

    fn new(meter: &TurnMeter, service: ModelId, timed: bool) -> Self {
        let call = ModelCall {
            number: meter.next_call_number(),
            model: service,
            request_id: None,
            ended: RUNNING.to_owned(),
            usage: Usage::default(),
            estimated: false,
            first_text_ms: None,
            duration_ms: 0,
        };
        let mut paid = Self { meter: meter.clone(), call, started: Instant::now(), timed, if_cut: None };
        paid.note();
        paid
    }

    /// Sets what is charged, as an estimate, if the call is dropped before the service has answered: a
    /// service that cannot be told to stop goes on with work that nobody waits for.
    #[must_use]
    pub(crate) fn if_cut(mut self, usage: Usage) -> Self {
        self.if_cut = Some(usage);
        self
    }

    /// Records what the service's answer says: the usage, whether it had to be estimated, and the answer's
    /// id.
    pub(crate) fn answered(&mut self, usage: Usage, estimated: bool, request_id: Option<String>) {
        self.if_cut = None;
        self.call.estimated = estimated;
        self.call.request_id = request_id;
        self.used(usage);
    }

    /// Records what is known to be used so far. Later reports replace earlier ones. The time of a call that
    /// is charged by the second is measured here and need not be reported.
    pub(crate) fn used(&mut self, usage: Usage) {
        self.call.usage = usage;
        self.note();
    }

    /// Records the time used so far, so that a crash hides only what comes after.
    pub(crate) fn note(&mut self) {
        self.measure();
        self.meter.note(self.call.clone());
    }

    /// Ends the call with a stop reason of the service or an error's name, and returns it.
    pub(crate) fn end(mut self, ended: &str) -> ModelCall {
        ended.clone_into(&mut self.call.ended);
        self.note();
        self.call.clone()
    }

    fn measure(&mut self) {
        let elapsed = self.started.elapsed();
        self.call.duration_ms = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        if self.timed {
            self.call.usage.seconds = Decimal::new(self.call.duration_ms, 3);
        }
    }
}

impl Drop for PaidCall {
    fn drop(&mut self) {
        if self.call.ended == RUNNING {
            CUT.clone_into(&mut self.call.ended);
            if let Some(usage) = self.if_cut.take() {
                self.call.usage = usage;
                self.call.estimated = true;
            }
            self.note();
        }
    }
}

#[cfg(test)]
mod tests;
