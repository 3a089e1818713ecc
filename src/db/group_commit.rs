//! Group commit: concurrent callers share one statement. A statement for many costs the server little more
//! than one for a single caller, so the cost per caller falls under load.

use std::any;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use sqlx::{Connection, PgConnection};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::DbError;
use super::lanes::{Lane, Lanes};
use crate::telemetry::metrics::Counter;

/// The most operations in one statement. Its joins compare every pair, so larger groups gain nothing.
const MAX_OPS: usize = 16;

/// One caller's operation in a shared statement.
pub(super) trait BatchOp: Send + Debug + Sized {
    /// The result for the caller.
    type Output: Send + Debug;

    /// Identifies the rows that it changes. Operations with the same key never share a statement.
    fn key(&self) -> i64;

    /// Executes all operations or, on an error, none of them. Results are in the order of the operations.
    fn execute(
        database: &mut PgConnection,
        ops: Vec<Self>,
    ) -> impl Future<Output = Result<Vec<Self::Output>, DbError>> + Send;
}

/// Serialises borrowed values once, as a JSON parameter of a shared statement.
///
/// # Errors
/// Returns [`DbError::Failed`] if a value has no JSON representation.
pub(super) fn json(at: &'static str, lent: &impl Serialize) -> Result<Box<RawValue>, DbError> {
    to_raw_value(lent).map_err(|error| DbError::at(at)(sqlx::Error::Encode(error.into())))
}

/// Batches calls of one kind of statement. At most one statement runs per lane. Callers that arrive meanwhile
/// wait; the first to get a lane executes one statement for up to 16 waiting callers, at most one per key; the
/// rest wait for the next. There is no background task: the waiting callers are the queue.
#[derive(Debug)]
pub(super) struct GroupCommit<W: BatchOp> {
    lanes: Arc<Lanes>,
    waiting: Mutex<Vec<PendingOp<W>>>,
    statements: Counter,
}

#[derive(Debug)]
struct PendingOp<W: BatchOp> {
    op: W,
    reply: oneshot::Sender<W::Output>,
}

impl<W: BatchOp> GroupCommit<W> {
    pub(super) fn new(lanes: Arc<Lanes>, statements: Counter) -> Self {
        Self { lanes, waiting: Mutex::default(), statements }
    }

    /// Executes the operation in a group. Returns `None` if the group failed; the caller then retries alone
    /// and gets its own error. The operation may have taken effect.
    pub(super) async fn try_submit(&self, op: W) -> Option<W::Output> {
        tracing::debug!(operation = any::type_name::<W>(), "a shared database statement is requested");
        let (reply, mut answer) = oneshot::channel();
        self.waiting().push(PendingOp { op, reply });
        loop {
            // If a lane is free, this task answers itself, and no other task has to be woken.
            let lane = if let Some(lane) = self.lanes.try_enter() {
                lane
            } else {
                tokio::select! {
                    biased;
                    answer = &mut answer => return answer.ok(),
                    lane = self.lanes.enter() => lane?,
                }
            };
            let ran = self.run(&lane).await;
            drop(lane);
            match answer.try_recv() {
                // The statement was full, or had another operation with the same key.
                Err(TryRecvError::Empty) if ran => {}
                // Another caller is executing this operation and will answer.
                Err(TryRecvError::Empty) => return answer.await.ok(),
                answer => return answer.ok(),
            }
        }
    }

    /// Executes one statement for the waiting callers, if any. After a failure their channels are closed
    /// without an answer.
    async fn run(&self, lane: &Lane<'_>) -> bool {
        let (ops, callers): (Vec<W>, Vec<_>) =
            self.next().into_iter().map(|PendingOp { op, reply }| (op, reply)).unzip();
        if ops.is_empty() {
            return false;
        }
        let number = ops.len();
        // Boxed, so that waiting callers do not reserve memory for it.
        match Box::pin(self.run_statement(lane, ops)).await {
            Ok(answers) => {
                for (caller, answer) in callers.into_iter().zip(answers) {
                    // A caller that has gone retries and finds the work done.
                    drop(caller.send(answer));
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                // A lone caller retries and reports its own error.
                if number > 1 {
                    tracing::debug!(error, number, "what was wanted together is asked for one by one");
                }
            }
        }
        true
    }

    async fn run_statement(&self, lane: &Lane<'_>, ops: Vec<W>) -> Result<Vec<W::Output>, DbError> {
        // If this future is dropped or the statement fails, the connection is not reused.
        let mut connection = lane.connection().await?;
        self.statements.inc();
        let answers = match lane.begin() {
            None => W::execute(&mut connection.inner, ops).await?,
            Some(begin) => {
                let begun = connection.inner.begin_with(begin).await;
                let mut tx = begun.map_err(DbError::at("group_commit::begin"))?;
                let answers = W::execute(&mut tx, ops).await?;
                tx.commit().await.map_err(DbError::at("group_commit::commit"))?;
                answers
            }
        };
        lane.give_back(connection);
        Ok(answers)
    }

    /// Takes the oldest operations, one per key, sorted by key so that all instances lock rows in the same
    /// order. Drops operations whose caller has gone.
    fn next(&self) -> Vec<PendingOp<W>> {
        let mut waiting = self.waiting();
        waiting.retain(|waiting| !waiting.reply.is_closed());
        let mut keys = BTreeSet::new();
        let fits = |waiting: &mut PendingOp<W>| keys.len() < MAX_OPS && keys.insert(waiting.op.key());
        let mut next: Vec<_> = waiting.extract_if(.., fits).collect();
        next.sort_by_key(|waiting| waiting.op.key());
        next
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<PendingOp<W>>> {
        // No code panics while holding the lock.
        self.waiting.lock()
    }
}
