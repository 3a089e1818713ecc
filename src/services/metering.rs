//! The tab of a running turn: the conversation notes every call of the model on it as soon as something is known, so
//! that a crash cannot hide a cost, and asks it before each further round and before work that costs extra. It is kept
//! beside the conversation, which neither waits for the database nor sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::books::Books;
use super::pricing;
use crate::db::holds::ClaimResult;
use crate::db::{DbError, holds, model_calls};
use crate::domain::ids::{TurnId, UserId};
use crate::domain::model::Model;
use crate::domain::money::Usd;
use crate::domain::turn::ModelCall;
use crate::lifecycle::kill_point;

/// Entries on their way. Notes that find no room are left out: settling writes all of them again.
const MAX_PENDING: usize = 32;

/// The conversation's end of a tab. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TurnMeter {
    requests: mpsc::Sender<MeterRequest>,
    call_log: CallLog,
}

/// What stands on a tab, whatever becomes of the work that has put it there. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<CallLogState>>);

#[derive(Debug, Default)]
struct CallLogState {
    next: i32,
    calls: BTreeMap<i32, ModelCall>,
    /// For work that costs extra and is not over.
    reserved: Usd,
}

/// The keeper's end of a tab.
#[derive(Debug)]
pub struct MeterRequests {
    requests: mpsc::Receiver<MeterRequest>,
    call_log: CallLog,
}

#[derive(Debug)]
enum MeterRequest {
    Note(ModelCall),
    Round { prompt_bytes: u64, answer: oneshot::Sender<RoundBudget> },
    Reserve { work: PaidWork, answer: oneshot::Sender<Result<Reservation, Usd>> },
}

/// Whether a turn may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RoundBudget {
    /// As long as it likes.
    Open,
    /// The overdraft limit is reached: one last answer.
    Used,
}

/// What work that costs extra needs before it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PaidWork {
    /// What must be left to spend, everything taken off that is reserved or used.
    pub least: Usd,
    /// What the work may cost.
    pub most: Usd,
}

/// Money that is reserved for work until this is dropped.
#[derive(Debug)]
pub struct Reservation {
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
pub enum ReserveError {
    /// So much is left to spend, which is not enough.
    Short(Usd),
    /// Nobody could look: the service is stopping, or the turn is over.
    Unknown,
}

/// How a call ends that has not ended yet.
pub const RUNNING: &str = "running";
/// How one ends that was cut.
pub const CUT: &str = "cut";

/// A new tab.
pub fn channel() -> (TurnMeter, MeterRequests) {
    let (sender, requests) = mpsc::channel(MAX_PENDING);
    let call_log = CallLog::default();
    (TurnMeter { requests: sender, call_log: call_log.clone() }, MeterRequests { requests, call_log })
}

impl CallLog {
    /// All calls of work that is over, by number: what still ran was cut.
    pub fn final_calls(&self) -> Vec<ModelCall> {
        let over = |call: &ModelCall| match call.ended.as_str() {
            RUNNING => ModelCall { ended: CUT.to_owned(), ..call.clone() },
            _ => call.clone(),
        };
        self.lines().calls.values().map(over).collect()
    }

    fn lines(&self) -> MutexGuard<'_, CallLogState> {
        // The lines are consistent between any two statements that hold the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve(&self, amount: Usd) -> Reservation {
        self.lines().reserved += amount;
        Reservation { call_log: self.clone(), amount }
    }

    /// What the calls so far have cost, and what is reserved.
    fn used(&self, books: &Books) -> Usd {
        let lines = self.lines();
        lines.calls.values().map(|call| books.entry(call).cost).sum::<Usd>() + lines.reserved
    }
}

impl TurnMeter {
    /// The number of a call that begins.
    pub fn next_call_number(&self) -> i32 {
        let mut lines = self.call_log.lines();
        lines.next += 1;
        lines.next - 1
    }

    /// What stands on the tab, for who outlives the work.
    pub fn call_log(&self) -> CallLog {
        self.call_log.clone()
    }

    /// Notes a call as far as it has come.
    pub fn note(&self, call: ModelCall) {
        self.remember(call.clone());
        if self.requests.try_send(MeterRequest::Note(call)).is_err() {
            tracing::debug!("a call is noted when the turn is settled");
        }
    }

    /// Remembers a call that is written down with the turn, a moment later.
    pub fn remember(&self, call: ModelCall) {
        self.call_log.lines().calls.insert(call.number, call);
    }

    /// Reserves money for work that costs extra.
    ///
    /// # Errors
    /// When not enough is left to spend, or nobody can look.
    pub async fn reserve(&self, work: PaidWork) -> Result<Reservation, ReserveError> {
        let (answer, answered) = oneshot::channel();
        let asked = self.requests.send(MeterRequest::Reserve { work, answer }).await;
        asked.map_err(|_closed| ReserveError::Unknown)?;
        answered.await.map_err(|_closed| ReserveError::Unknown)?.map_err(ReserveError::Short)
    }

    /// Reserves money for a further request with a prompt of so many bytes, and tells whether there should be more
    /// than that one. Without a keeper there is no limit.
    pub async fn request_round(&self, prompt_bytes: u64) -> RoundBudget {
        let (answer, answered) = oneshot::channel();
        if self.requests.send(MeterRequest::Round { prompt_bytes, answer }).await.is_err() {
            return RoundBudget::Open;
        }
        answered.await.unwrap_or(RoundBudget::Open)
    }
}

#[cfg(test)]
impl MeterRequests {
    /// Keeps a tab for a test, for somebody who has this balance.
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

/// Whose tab is kept.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// The turn.
    pub turn: TurnId,
    /// Its try.
    pub attempt: i32,
    /// Who pays.
    pub user: UserId,
    /// The model that is asked.
    pub model: &'a Model,
}

/// Keeps a tab until the conversation is over. Waits while the database is away.
pub async fn run(
    books: &Books,
    abort: &CancellationToken,
    account: Account<'_>,
    mut meter_requests: MeterRequests,
) {
    let task = MeterTask { books, abort, account, call_log: &meter_requests.call_log };
    while let Some(entry) = meter_requests.requests.recv().await {
        // Nobody adds to this tab any more: settling writes everything that is still in here.
        if meter_requests.requests.is_closed() && meter_requests.requests.sender_strong_count() == 0 {
            return;
        }
        match task.enter(entry).await {
            Ok(()) => {}
            Err(DbError::Cancelled { .. }) => return,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    turn.id = account.turn.0,
                    error,
                    "the tab of the turn {} is not kept",
                    account.turn
                );
            }
        }
    }
}

/// Who keeps the tab.
struct MeterTask<'a> {
    books: &'a Books,
    abort: &'a CancellationToken,
    account: Account<'a>,
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
                    tracing::debug!("the turn was cut before it knew of its credit");
                }
                Ok(())
            }
            MeterRequest::Reserve { work, answer } => {
                if let Some(reserved) = self.reserve(work).await?
                    && answer.send(reserved).is_err()
                {
                    tracing::debug!("the turn was cut before it knew of its reservation");
                }
                Ok(())
            }
        }
    }

    async fn note(&self, call: &ModelCall) -> Result<(), DbError> {
        let entry = self.books.entry(call);
        let Account { turn, attempt, .. } = self.account;
        let write = || model_calls::note(&self.books.db, turn, attempt, std::slice::from_ref(&entry));
        self.books.db.persist("model_calls::note", self.abort, write).await?;
        kill_point!("tab: call noted");
        Ok(())
    }

    async fn request_round(&self, prompt_bytes: u64) -> Result<RoundBudget, DbError> {
        let bound = pricing::bound(self.account.model, prompt_bytes, self.books.today());
        // However little is left, the next round is held for: it is at least the last answer.
        let Some(ClaimResult { left, .. }) =
            self.claim(PaidWork { least: Usd::ZERO, most: bound }, true).await?
        else {
            return Ok(RoundBudget::Open);
        };
        let used = left <= -self.books.terms.overdraft_limit && !self.is_free();
        Ok(if used { RoundBudget::Used } else { RoundBudget::Open })
    }

    /// None if there is no open hold that could grow.
    async fn reserve(&self, work: PaidWork) -> Result<Option<Result<Reservation, Usd>>, DbError> {
        let Some(ClaimResult { granted, left }) = self.claim(work, self.is_free()).await? else {
            return Ok(None);
        };
        kill_point!("tab: reserved");
        Ok(Some(if granted { Ok(self.call_log.reserve(work.most)) } else { Err(left) }))
    }

    async fn claim(&self, work: PaidWork, free: bool) -> Result<Option<ClaimResult>, DbError> {
        let used = self.call_log.used(self.books);
        let Account { turn, user, .. } = self.account;
        let claim = || holds::claim(&self.books.db, (turn, user), (used, work.most, work.least), free);
        self.books.db.persist("holds::claim", self.abort, claim).await
    }

    fn is_free(&self) -> bool {
        self.books.is_privileged(self.account.user)
    }
}
