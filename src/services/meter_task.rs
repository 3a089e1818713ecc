//! The task that meters a running turn: it records calls and answers requests for further spending, one after
//! the other, until the conversation is over.

use std::pin::pin;
use std::time::Duration;

use super::books::Books;
use super::metering::{CallLog, MeterRequest, MeterRequests, PaidWork, Reservation, RoundBudget};
use super::pricing;
use crate::db::holds::ClaimResult;
use crate::db::{DbError, call_notes, holds};
use crate::domain::money::Usd;
use crate::domain::turn::{ModelCall, TurnRef, TurnSettings};
use crate::lifecycle::kill_point;

/// How long a record may take that the end of the conversation has overtaken.
const LAST_NOTE: Duration = Duration::from_secs(1);

/// Runs the meter task of a turn with these settings, until the conversation is over. Waits while the database
/// is away, but not beyond the end of the conversation, because settling writes everything again.
pub(crate) async fn run(
    books: &Books,
    turn: TurnRef,
    settings: &TurnSettings,
    meter_requests: MeterRequests,
) {
    let MeterRequests { mut requests, call_log } = meter_requests;
    let task = MeterTask { books, turn, settings, call_log: &call_log };
    let mut next = requests.recv().await;
    while let Some(entry) = next {
        // No sender is left.
        if requests.is_closed() && requests.sender_strong_count() == 0 {
            return;
        }
        let mut entering = pin!(task.enter(entry));
        let (entered, following) = tokio::select! {
            biased;
            entered = &mut entering => (Some(entered), None),
            following = requests.recv() => match following {
                Some(following) => (Some(entering.await), Some(following)),
                None => (tokio::time::timeout(LAST_NOTE, entering).await.ok(), None),
            },
        };
        match entered {
            Some(Ok(())) => {}
            None | Some(Err(DbError::Cancelled)) => return,
            Some(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(turn.id = turn.id.0, error, "calls of the turn {} are not recorded", turn.id);
            }
        }
        next = match following {
            Some(following) => Some(following),
            None => requests.recv().await,
        };
    }
}

/// The state of the meter task.
struct MeterTask<'a> {
    books: &'a Books,
    turn: TurnRef,
    settings: &'a TurnSettings,
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
        let bound = pricing::bound(&self.settings.model, prompt_bytes, self.books.today());
        // The hold covers the next round however little is left: that round is at least the last answer.
        let Some(ClaimResult { left, .. }) =
            self.claim(PaidWork { least: Usd::ZERO, most: bound }, true).await?
        else {
            return Ok(RoundBudget::Open);
        };
        let (overdraft_limit, turn_limit) = (self.books.terms.overdraft_limit, self.settings.turn_limit);
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
