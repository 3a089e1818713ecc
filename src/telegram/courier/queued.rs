//! A message in the queue of its chat.

use tokio::sync::oneshot;
use tracing::Span;

use crate::db::outbox::OutboxMessage;
use crate::domain::ids::{MessageId, OutboxId};

/// What is known of a message that is handed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SendStatus {
    /// Nobody has tried to send it.
    New,
    /// Nobody has tried, but it is written down as if somebody had, which saves a statement.
    Begun,
    /// Somebody else may have sent it since it was read from the outbox.
    Outbox,
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct QueuedMessage {
    pub(super) id: OutboxId,
    pub(super) owed: OutboxMessage,
    pub(super) origin: SendStatus,
    pub(super) delivered: oneshot::Sender<Option<MessageId>>,
}

impl QueuedMessage {
    /// Creates the span of its delivery.
    pub(super) fn span(&self) -> Span {
        let turn = self.owed.turn.map(|turn| turn.0);
        tracing::info_span!("delivery", outbox.id = self.id.0, turn.id = turn, chat.id = self.owed.chat.0)
    }
}

/// Tells when the last of the messages has arrived (with its number) or was refused.
pub(crate) type Delivery = oneshot::Receiver<Option<MessageId>>;
