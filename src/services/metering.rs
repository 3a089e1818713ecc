//! Metering of a running turn. The conversation records each model call as soon as usage is known, so that a
//! crash cannot hide a cost, and asks before each further round and before paid work. A task beside the
//! conversation does the database work, so the conversation neither waits for the database nor sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{mpsc, oneshot};

use super::books::{Books, Terms};
use super::pricing;
use crate::db::holds::ClaimResult;
use crate::db::{DbError, call_notes, holds};
use crate::domain::model::Model;
use crate::domain::money::Usd;
use crate::domain::turn::{ModelCall, TurnRef};
use crate::lifecycle::kill_point;

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

/// The receiving end of a [`TurnMeter`], for [`run`].
#[derive(Debug)]
pub(crate) struct MeterRequests {
    requests: mpsc::Receiver<MeterRequest>,
    call_log: CallLog,
}

#[derive(Debug)]
enum MeterRequest {
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

    fn reserve(&self, amount: Usd) -> Reservation {
        self.lines().reserved += amount;
        Reservation { call_log: self.clone(), amount }
    }

    /// Returns the cost of the calls so far plus the reservations.
    fn used(&self, books: &Books) -> Usd {
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

/// Runs the meter task of a turn that asks `model`, until the conversation is over. Waits while the database
/// is away.
pub(crate) async fn run(books: &Books, turn: TurnRef, model: &Model, mut meter_requests: MeterRequests) {
    let task = MeterTask { books, turn, model, call_log: &meter_requests.call_log };
    while let Some(entry) = meter_requests.requests.recv().await {
        // No sender is left: settling writes everything that is still queued.
        if meter_requests.requests.is_closed() && meter_requests.requests.sender_strong_count() == 0 {
            return;
        }
        match task.enter(entry).await {
            Ok(()) => {}
            Err(DbError::Cancelled) => return,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(turn.id = turn.id.0, error, "calls of the turn {} are not recorded", turn.id);
            }
        }
    }
}

/// The state of the meter task.
struct MeterTask<'a> {
    books: &'a Books,
    turn: TurnRef,
    model: &'a Model,
    call_log: &'a CallLog,
}

impl MeterTask<'_> {
    async fn enter(&self, entry: MeterRequest) -> Result<(), DbError> {
        match entry {
            MeterRequest::Note(call) => {
                // What came with it is shown first.
                tokio::task::yield_now().await;
                self.note(&call).await
            }
            MeterRequest::Round { prompt_bytes, answer } => {
                let credit = self.request_round(prompt_bytes).await?;
                if answer.send(credit).is_err() {
                    tracing::debug!("the turn ended before it learned of its credit");
                }
                Ok(())
            }
            MeterRequest::Reserve { work, answer } => {
                if let Some(reserved) = self.reserve(work).await?
                    && answer.send(reserved).is_err()
                {
                    tracing::debug!("the turn ended before it learned of its reservation");
                }
                Ok(())
            }
        }
    }

    async fn note(&self, call: &ModelCall) -> Result<(), DbError> {
        let entry = self.books.entry(call);
        let write = || call_notes::note(&self.books.db, self.turn, std::slice::from_ref(&entry));
        self.books.db.persist(write).await?;
        kill_point!("tab: call noted");
        Ok(())
    }

    async fn request_round(&self, prompt_bytes: u64) -> Result<RoundBudget, DbError> {
        let bound = pricing::bound(self.model, prompt_bytes, self.books.today());
        // The hold covers the next round however little is left: that round is at least the last answer.
        let Some(ClaimResult { left, .. }) =
            self.claim(PaidWork { least: Usd::ZERO, most: bound }, true).await?
        else {
            return Ok(RoundBudget::Open);
        };
        let Terms { overdraft_limit, turn_limit, .. } = self.books.terms;
        Ok(if left <= -overdraft_limit && !self.is_free() {
            RoundBudget::Used
        } else if turn_limit > Usd::ZERO && self.call_log.used(self.books) >= turn_limit {
            RoundBudget::LimitReached
        } else {
            RoundBudget::Open
        })
    }

    /// Returns `None` if there is no open hold that could grow.
    async fn reserve(&self, work: PaidWork) -> Result<Option<Result<Reservation, Usd>>, DbError> {
        let Some(ClaimResult { granted, left }) = self.claim(work, self.is_free()).await? else {
            return Ok(None);
        };
        kill_point!("tab: reserved");
        Ok(Some(if granted { Ok(self.call_log.reserve(work.most)) } else { Err(left) }))
    }

    async fn claim(&self, work: PaidWork, free: bool) -> Result<Option<ClaimResult>, DbError> {
        let used = self.call_log.used(self.books);
        let claim = || holds::claim(&self.books.db, self.turn, (used, work.most, work.least), free);
        self.books.db.persist(claim).await
    }

    fn is_free(&self) -> bool {
        self.books.is_privileged(self.turn.user)
    }
}
