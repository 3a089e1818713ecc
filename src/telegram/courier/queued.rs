//! A message in the queue of its chat.

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Span;

use crate::db::outbox::OutboxMessage;
use crate::domain::ids::{MessageId, OutboxId};

/// What is known about a message when it is queued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SendStatus {
    /// Sending was not begun.
    New,
    /// Sending was not begun, but the outbox already records it as begun, which saves a statement.
    Begun,
    /// Read back from the outbox: it may have been delivered since.
    Outbox,
}

/// A message in a queue or being sent.
#[derive(Debug)]
pub(super) struct QueuedMessage {
    pub(super) id: OutboxId,
    pub(super) owed: OutboxMessage,
    pub(super) origin: SendStatus,
    /// When this process took it over.
    pub(super) since: Instant,
    pub(super) delivered: oneshot::Sender<Option<MessageId>>,
}

impl QueuedMessage {
    /// Creates the span of its delivery.
    pub(super) fn span(&self) -> Span {
        let turn = self.owed.turn.map(|turn| turn.0);
        tracing::info_span!("delivery", outbox.id = self.id.0, turn.id = turn, chat.id = self.owed.chat.0)
    }
}

/// Resolves when the last message was sent, with its id, or refused, with `None`.
pub(crate) type Delivery = oneshot::Receiver<Option<MessageId>>;
