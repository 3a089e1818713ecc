//! Group commit: what several callers want at the same moment becomes one statement. It costs the server hardly more
//! than that of one caller, so the more people are served, the less each one costs.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use sqlx::PgConnection;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::DbError;
use super::lanes::{Lane, Lanes};
use crate::telemetry::metrics::Counter;

/// The most wishes of one statement: its joins compare each with each, so that a larger one gains nothing.
const MAX_OPS: usize = 16;

/// What one caller wants of a statement that can do it for many.
pub(super) trait BatchOp: Send + Debug + Sized {
    /// What the caller gets.
    type Output: Send + Debug;

    /// Whose rows it changes. Wishes with the same key are never in one statement.
    fn key(&self) -> i64;

    /// Runs the statement: all of the wishes or, with an error, none of them. The answers are in the order of the wishes.
    fn execute(
        database: &mut PgConnection,
        ops: Vec<Self>,
    ) -> impl Future<Output = Result<Vec<Self::Output>, DbError>> + Send;
}

/// What a wish takes along, as JSON that is written once and from what the caller only lends.
///
/// # Errors
/// When a value has no JSON.
pub(super) fn json(at: &'static str, lent: &impl Serialize) -> Result<Box<RawValue>, DbError> {
    to_raw_value(lent).map_err(|error| DbError::at(at)(sqlx::Error::Encode(error.into())))
}

/// The callers of one kind of statement. As many statements run at a time as there are lanes; who comes meanwhile waits,
/// and the first whose turn it is runs the next one for all who wait. There is no queue but of callers who wait
/// themselves.
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

    /// Has the wish granted together with others. None if that did not work, for whatever reason: the caller then has to
    /// ask alone, and learns the reason if it is its own. The wish may have been granted all the same.
    pub(super) async fn try_submit(&self, op: W) -> Option<W::Output> {
        let (reply, mut answer) = oneshot::channel();
        self.waiting().push(PendingOp { op, reply });
        loop {
            // With a lane at once nobody has to be woken by the answer, which this task gives itself.
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
                // There were too many, or somebody else's wish had the same key.
                Err(TryRecvError::Empty) if ran => {}
                // Whoever has taken this wish along will answer it.
                Err(TryRecvError::Empty) => return answer.await.ok(),
                answer => return answer.ok(),
            }
        }
    }

    /// Runs one statement, if anybody waits for one. Who is not answered then finds the other end closed.
    async fn run(&self, lane: &Lane<'_>) -> bool {
        let (ops, callers): (Vec<W>, Vec<_>) =
            self.next().into_iter().map(|PendingOp { op, reply }| (op, reply)).unzip();
        if ops.is_empty() {
            return false;
        }
        let number = ops.len();
        // Boxed, so that callers have no room for it while they wait.
        match Box::pin(self.run_statement(lane, ops)).await {
            Ok(answers) => {
                for (caller, answer) in callers.into_iter().zip(answers) {
                    // Who has gone asks again, and finds it done.
                    drop(caller.send(answer));
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                // Who was alone will tell itself.
                if number > 1 {
                    tracing::debug!(error, number, "what was wanted together is asked for one by one");
                }
            }
        }
        true
    }

    async fn run_statement(&self, lane: &Lane<'_>, ops: Vec<W>) -> Result<Vec<W::Output>, DbError> {
        // Whatever happens to this future or the statement, only a connection that has answered is used again.
        let mut connection = lane.connection().await?;
        self.statements.inc();
        let answers = W::execute(&mut connection, ops).await?;
        lane.give_back(connection);
        Ok(answers)
    }

    /// What the next statement does: the oldest wishes, one of each key. All instances lock rows in the same order. Wishes
    /// of callers who have gone are forgotten.
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
        // Nothing that holds it can panic half-way.
        self.waiting.lock()
    }
}
