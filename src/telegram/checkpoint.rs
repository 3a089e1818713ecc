//! Checkpoints: while an answer grows, the write-behind records its text every few seconds, and each tool
//! when it has ended. The turn does not wait for it: a record that finds no room is skipped, and a later one
//! contains its text. The list of the web pages that the text cites is added here: to each checkpoint as it
//! would end the answer now, and to the answer at its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use super::text;
use crate::domain::citations::{self, Source};
use crate::domain::ids::TurnId;
use crate::domain::people::Language;
use crate::domain::record::{Checkpoint, Record};
use crate::domain::turn::{FILES_MARK, TurnEvent, TurnRequest};
use crate::services::write_behind::WriteBehind;

/// The time between two checkpoints of an answer.
const EVERY: Duration = Duration::from_secs(5);

/// Passes the events of a turn to the screen and records visible text on the way, without delaying them.
pub(super) struct CheckpointedEvents<'a> {
    events: mpsc::Receiver<TurnEvent>,
    write_behind: &'a WriteBehind,
    turn: TurnId,
    attempt: i32,
    language: Language,
    text: String,
    /// The web pages that the text cites.
    sources: Vec<Source>,
    /// The length of the recorded part of `text`, in bytes.
    written: usize,
    sequence: i32,
    due: Pin<Box<Sleep>>,
}

impl<'a> CheckpointedEvents<'a> {
    /// Wraps the events of a turn.
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
            language: request.settings.language,
            text: String::new(),
            sources: Vec::new(),
            written: 0,
            sequence: 0,
            due: Box::pin(tokio::time::sleep(EVERY)),
        }
    }

    fn note(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Text(more) => self.text.extend(more.chars().filter(|&c| c != FILES_MARK)),
            TurnEvent::Files(..) => self.text.push(FILES_MARK),
            TurnEvent::Source(source) => self.sources.push(source.clone()),
            TurnEvent::Thinking(_) | TurnEvent::ToolStarted { .. } | TurnEvent::ToolProgress { .. } => {}
            TurnEvent::ToolEnded(ended) => self.write_behind.offer(Record::ToolCall(ended.clone())),
        }
    }

    fn checkpoint(&mut self) {
        self.due.as_mut().reset(Instant::now() + EVERY);
        (self.sequence, self.written) = (self.sequence + 1, self.text.len());
        let (turn, attempt, sequence) = (self.turn, self.attempt, self.sequence);
        let text = self.text.clone() + &self.list().unwrap_or_default();
        self.write_behind.offer(Record::Checkpoint(Checkpoint { turn, attempt, sequence, text }));
    }

    /// Returns the list of sources as it would end the answer now; `None` without sources.
    fn list(&self) -> Option<String> {
        ending(&self.text, self.language, &self.sources)
    }

    /// Returns the last event of all, once: the list of sources.
    fn last(&mut self) -> Option<TurnEvent> {
        let list = self.list();
        self.sources.clear();
        list.map(TurnEvent::Text)
    }
}

impl Stream for CheckpointedEvents<'_> {
    type Item = TurnEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<TurnEvent>> {
        if let Poll::Ready(event) = self.events.poll_recv(context) {
            let Some(event) = event else { return Poll::Ready(self.last()) };
            self.note(&event);
            return Poll::Ready(Some(event));
        }
        // No event is pending, so there is time to record the text.
        if self.text.len() > self.written {
            ready!(self.due.as_mut().poll(context));
            self.checkpoint();
        }
        Poll::Pending
    }
}

/// Returns what ends an answer that cites web pages: their list in the person's language, as Markdown.
/// Returns `None` without sources.
pub(super) fn ending(text: &str, language: Language, sources: &[Source]) -> Option<String> {
    citations::ending(text, &text::sources(language), sources)
}
