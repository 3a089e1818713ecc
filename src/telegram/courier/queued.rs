//! A message in the queue of its chat.

use tokio::sync::oneshot;

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
    pub(super) delivered: oneshot::Sender<Option<MessageId>>,
}

/// Resolves when the last message was sent, with its id, or refused, with `None`.
pub(crate) type Delivery = oneshot::Receiver<Option<MessageId>>;
