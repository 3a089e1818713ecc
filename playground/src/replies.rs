//! Scripted answers of the APIs that answer a request as a whole, for transcripts and pictures: what is
//! answered, and when.

use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio_util::sync::CancellationToken;

use crate::anthropic::Gate;
use crate::recorder::{Entry, OpenEntry, Outcome};
use crate::serving::broken;

/// A scripted answer to one request: what `T` says, or an error `E` of the API.
#[derive(Clone, Debug)]
pub struct Reply<T, E> {
    pub(crate) plan: Plan<T, E>,
    delay: Duration,
    gate: Option<Gate>,
}

#[derive(Clone, Debug)]
pub(crate) enum Plan<T, E> {
    /// An answer in order.
    Answer(T),
    /// A body that need not be JSON.
    Raw(u16, String),
    Fail(E),
    /// No answer until the client leaves.
    Hang,
    /// The connection breaks without an answer.
    Cut,
    /// The connection breaks in the middle of the answer.
    CutMidway,
}

/// An error of an API.
pub trait ErrorAnswer {
    /// Returns status and message.
    fn facts(&self) -> (u16, &str);

    /// Returns the answer.
    fn response(&self) -> Response;
}

impl<T, E> Reply<T, E> {
    pub(crate) fn of(plan: Plan<T, E>) -> Self {
        Self { plan, delay: Duration::ZERO, gate: None }
    }

    /// Changes an answer in order; others stay as they are.
    pub(crate) fn adjust(mut self, change: impl FnOnce(&mut T)) -> Self {
        if let Plan::Answer(answer) = &mut self.plan {
            change(answer);
        }
        self
    }

    /// Creates an error answer.
    pub fn error(error: E) -> Self {
        Self::of(Plan::Fail(error))
    }

    /// Creates an answer with this status and body, which need not be JSON.
    pub fn raw(status: u16, body: impl Into<String>) -> Self {
        Self::of(Plan::Raw(status, body.into()))
    }

    /// Creates a request that is never answered; it ends when the client disconnects.
    pub fn hang() -> Self {
        Self::of(Plan::Hang)
    }

    /// Creates a connection that breaks without an answer.
    pub fn cut() -> Self {
        Self::of(Plan::Cut)
    }

    /// Creates a connection that breaks in the middle of the answer.
    pub fn cut_midway() -> Self {
        Self::of(Plan::CutMidway)
    }

    /// Lets this time pass before the answer.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Holds the answer until the test opens the gate.
    #[must_use]
    pub fn held(mut self, gate: Gate) -> Self {
        self.gate = Some(gate);
        self
    }
}

impl<T, E: ErrorAnswer> Reply<T, E> {
    /// Waits until the answer is due. Returns what it says and the request that it closes; or the whole answer
    /// if it is none in order. `beginning` is that of an answer which breaks in the middle.
    pub(crate) async fn due<R: Entry>(
        self,
        open: OpenEntry<R>,
        delay: Duration,
        stop: &CancellationToken,
        beginning: &'static [u8],
    ) -> Result<(T, OpenEntry<R>), Response> {
        let Self { plan, delay: own_delay, gate } = self;
        let wait = async {
            tokio::time::sleep(delay + own_delay).await;
            if let Some(gate) = gate {
                gate.pass().await;
            }
            if matches!(plan, Plan::Hang) {
                std::future::pending::<()>().await;
            }
        };
        let is_due = stop.run_until_cancelled(wait).await.is_some();
        match plan {
            Plan::Answer(answer) if is_due => Ok((answer, open)),
            Plan::Fail(error) if is_due => {
                let (status, message) = error.facts();
                open.close(Outcome::Failed(status, message.to_owned()));
                Err(error.response())
            }
            Plan::Raw(status, body) if is_due => {
                open.close(Outcome::Finished);
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Err((status, [(header::CONTENT_TYPE, "application/json")], body).into_response())
            }
            Plan::CutMidway if is_due => {
                open.close(Outcome::Cut);
                Err(broken(beginning))
            }
            _ => {
                open.close(Outcome::Cut);
                Err(broken(&[]))
            }
        }
    }
}

/// Closes a request that broke a rule of the API.
pub(crate) fn refuse<R: Entry, E: ErrorAnswer>(open: OpenEntry<R>, error: &E) -> Response {
    let (status, message) = error.facts();
    open.close(Outcome::Refused(status, message.to_owned()));
    error.response()
}
