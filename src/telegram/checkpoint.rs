//! Checkpoints: while an answer grows, its text so far is written down every few seconds by the write-behind, and each
//! tool when it has ended. Nobody waits for that: what finds no room is left out, and a later record contains it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use crate::domain::ids::TurnId;
use crate::domain::record::{Checkpoint, Record};
use crate::domain::turn::{FILES_MARK, TurnEvent, TurnRequest};
use crate::services::write_behind::WriteBehind;

/// The time between two checkpoints of an answer.
const EVERY: Duration = Duration::from_secs(5);

/// The events of a turn on their way to the screen: what is visible is taken down as they pass, with no stop between.
pub(super) struct CheckpointedEvents<'a> {
    events: mpsc::Receiver<TurnEvent>,
    write_behind: &'a WriteBehind,
    turn: TurnId,
    attempt: i32,
    text: String,
    /// How much of `text` stands in a checkpoint, in bytes.
    written: usize,
    sequence: i32,
    due: Pin<Box<Sleep>>,
}

impl<'a> CheckpointedEvents<'a> {
    /// The events of this turn, from the model's side.
    pub(super) fn new(
        write_behind: &'a WriteBehind,
        request: &TurnRequest,
        events: mpsc::Receiver<TurnEvent>,
    ) -> Self {
        Self {
            events,
            write_behind,
            turn: request.turn,
            attempt: request.attempt,
            text: String::new(),
            written: 0,
            sequence: 0,
            due: Box::pin(tokio::time::sleep(EVERY)),
        }
    }

    fn note(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Text(more) => self.text.extend(more.chars().filter(|&c| c != FILES_MARK)),
            TurnEvent::Files(..) => self.text.push(FILES_MARK),
            TurnEvent::Thinking(_) | TurnEvent::ToolStarted { .. } => {}
            TurnEvent::ToolEnded(ended) => self.write_behind.offer(Record::ToolCall(ended.clone())),
        }
    }

    fn checkpoint(&mut self) {
        self.due.as_mut().reset(Instant::now() + EVERY);
        (self.sequence, self.written) = (self.sequence + 1, self.text.len());
        let (turn, attempt, sequence) = (self.turn, self.attempt, self.sequence);
        self.write_behind.offer(Record::Checkpoint(Checkpoint {
            turn,
            attempt,
            sequence,
            text: self.text.clone(),
        }));
    }
}

impl Stream for CheckpointedEvents<'_> {
    type Item = TurnEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<TurnEvent>> {
        if let Poll::Ready(event) = self.events.poll_recv(context) {
            if let Some(event) = &event {
                self.note(event);
            }
            return Poll::Ready(event);
        }
        // Nothing comes at the moment, so there is time for what has come.
        if self.text.len() > self.written {
            ready!(self.due.as_mut().poll(context));
            self.checkpoint();
        }
        Poll::Pending
    }
}
