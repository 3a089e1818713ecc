//! Metering of a running turn. The conversation records each model call as soon as usage is known, so that a
//! crash cannot hide a cost, and asks before each further round and before paid work. A task beside the
//! conversation (`meter_task`) does the database work. Recording a call never waits for the database; a
//! request for another round or a reservation does.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{mpsc, oneshot};

use super::books::Books;
use crate::domain::money::Usd;
use crate::domain::turn::ModelCall;

/// Capacity of the request channel. Notes that find no room are dropped: settling writes all of them again.
const MAX_PENDING: usize = 32;

/// The conversation's end of a turn's metering. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct TurnMeter {
    requests: mpsc::Sender<MeterRequest>,
    call_log: CallLog,
}

/// The calls recorded so far. Outlives the work, even if that panics. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLog(Arc<Mutex<CallLogState>>);

#[derive(Debug, Default)]
struct CallLogState {
    next: i32,
    calls: BTreeMap<i32, ModelCall>,
    /// The amount reserved for paid work in progress, US dollars.
    reserved: Usd,
}

/// The receiving end of a [`TurnMeter`], for `meter_task::run`.
#[derive(Debug)]
pub(crate) struct MeterRequests {
    pub(super) requests: mpsc::Receiver<MeterRequest>,
    pub(super) call_log: CallLog,
}

/// What the conversation asks of the task.
#[derive(Debug)]
pub(super) enum MeterRequest {
    Note(ModelCall),
    Round { prompt_bytes: u64, answer: oneshot::Sender<RoundBudget> },
    Reserve { work: PaidWork, answer: oneshot::Sender<Result<Reservation, Usd>> },
}

/// Whether a turn may start another round after the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RoundBudget {
    /// Without restriction.
    Open,
    /// The overdraft limit is reached: the next round is the last answer.
    Used,
    /// The limit of one request is reached: the next round is the last one until the person wants more.
    LimitReached,
}

/// The amounts that paid work requires before it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PaidWork {
    /// The amount that must be left to spend, after all reservations and costs.
    pub least: Usd,
    /// The most that the work may cost.
    pub most: Usd,
}

/// Money reserved for paid work until this value is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    call_log: CallLog,
    amount: Usd,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut lines = self.call_log.lines();
        lines.reserved = lines.reserved - self.amount;
    }
}

/// Why nothing was reserved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReserveError {
    /// This amount is left to spend, which is too little.
    Short(Usd),
    /// The balance could not be checked: the service is stopping, or the turn is over.
    Unknown,
}

/// `model_calls.ended` of a call in progress.
pub(crate) const RUNNING: &str = "running";
/// `model_calls.ended` of a call that was cut.
pub(crate) const CUT: &str = "cut";

/// Creates a meter and its receiving end.
pub(crate) fn channel() -> (TurnMeter, MeterRequests) {
    let (sender, requests) = mpsc::channel(MAX_PENDING);
    let call_log = CallLog::default();
    (TurnMeter { requests: sender, call_log: call_log.clone() }, MeterRequests { requests, call_log })
}

impl CallLog {
    /// Returns all calls of finished work, by number. Calls still in progress count as cut.
    pub(crate) fn final_calls(&self) -> Vec<ModelCall> {
        let over = |call: &ModelCall| match call.ended.as_str() {
            RUNNING => ModelCall { ended: CUT.to_owned(), ..call.clone() },
            _ => call.clone(),
        };
        self.lines().calls.values().map(over).collect()
    }

    fn lines(&self) -> MutexGuard<'_, CallLogState> {
        // The log is consistent between any two statements that hold the lock.
        self.0.lock()
    }

    /// Reserves an amount until the result is dropped.
    pub(super) fn reserve(&self, amount: Usd) -> Reservation {
        self.lines().reserved += amount;
        Reservation { call_log: self.clone(), amount }
    }

    /// Returns the cost of the calls so far plus the reservations.
    pub(super) fn used(&self, books: &Books) -> Usd {
        let lines = self.lines();
        lines.calls.values().map(|call| books.entry(call).cost).sum::<Usd>() + lines.reserved
    }
}

impl TurnMeter {
    /// Returns the number for a call that starts now.
    pub(crate) fn next_call_number(&self) -> i32 {
        let mut lines = self.call_log.lines();
        lines.next += 1;
        lines.next - 1
    }

    /// Returns the calls recorded so far. The handle stays valid after the turn is dropped or panics.
    pub(crate) fn call_log(&self) -> CallLog {
        self.call_log.clone()
    }

    /// Records the state of a call and queues it for the database.
    pub(crate) fn note(&self, call: ModelCall) {
        self.remember(call.clone());
        if self.requests.try_send(MeterRequest::Note(call)).is_err() {
            tracing::debug!("the channel is full, the call is recorded at settlement");
        }
    }

    /// Records a call without queueing it, because it is about to be stored with the turn.
    pub(crate) fn remember(&self, call: ModelCall) {
        self.call_log.lines().calls.insert(call.number, call);
    }

    /// Reserves money for paid work.
    ///
    /// # Errors
    /// Returns an error if too little is left to spend, or if the balance could not be checked.
    pub(crate) async fn reserve(&self, work: PaidWork) -> Result<Reservation, ReserveError> {
        let (answer, answered) = oneshot::channel();
        let asked = self.requests.send(MeterRequest::Reserve { work, answer }).await;
        asked.map_err(|_closed| ReserveError::Unknown)?;
        answered.await.map_err(|_closed| ReserveError::Unknown)?.map_err(ReserveError::Short)
    }

    /// Raises the hold for another request with a prompt of `prompt_bytes`. Returns whether rounds after that
    /// one are affordable. Unlimited if the meter task has ended.
    pub(crate) async fn request_round(&self, prompt_bytes: u64) -> RoundBudget {
        let (answer, answered) = oneshot::channel();
        if self.requests.send(MeterRequest::Round { prompt_bytes, answer }).await.is_err() {
            return RoundBudget::Open;
        }
        answered.await.unwrap_or(RoundBudget::Open)
    }
}

#[cfg(test)]
impl MeterRequests {
    /// Runs the meter task of a test for a user with this balance.
    pub(crate) async fn tell(mut self, balance: Usd) {
        while let Some(entry) = self.requests.recv().await {
            if let MeterRequest::Reserve { work, answer } = entry {
                let left = balance - self.call_log.lines().reserved;
                let granted = (left >= work.least).then(|| self.call_log.reserve(work.most));
                drop(answer.send(granted.ok_or(left)));
            }
        }
    }
}
