//! Checkpoints: while an answer grows, its text so far is written down every few seconds by the write-behind, and each
//! tool when it has ended. Nobody waits for that: what finds no room is left out, and a later record contains it.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::domain::record::{Checkpoint, Record};
use crate::domain::turn::{TurnEvent, TurnRequest};
use crate::services::write_behind::WriteBehind;

/// The time between two checkpoints of an answer.
const EVERY: Duration = Duration::from_secs(5);

/// Hands the events of a turn on to the screen, at once, and takes down what is visible.
pub(super) async fn relay(
    write_behind: &WriteBehind,
    request: &TurnRequest,
    mut from: mpsc::Receiver<TurnEvent>,
    to: mpsc::Sender<TurnEvent>,
) {
    let (mut text, mut written, mut sequence) = (String::new(), 0, 0);
    let mut due = Instant::now() + EVERY;
    loop {
        tokio::select! {
            biased;
            event = from.recv() => {
                let Some(event) = event else { return };
                match &event {
                    TurnEvent::Text(more) => text.push_str(more),
                    TurnEvent::Thinking(_) | TurnEvent::ToolStarted { .. } => {}
                    TurnEvent::ToolEnded(ended) => write_behind.offer(Record::ToolCall(ended.clone())),
                }
                if to.send(event).await.is_err() {
                    return;
                }
            }
            () = tokio::time::sleep_until(due), if text.len() > written => {
                due = Instant::now() + EVERY;
                (sequence, written) = (sequence + 1, text.len());
                let (turn, attempt) = (request.turn, request.attempt);
                let mark = Checkpoint { turn, attempt, sequence, text: text.clone() };
                write_behind.offer(Record::Checkpoint(mark));
            }
        }
    }
}
