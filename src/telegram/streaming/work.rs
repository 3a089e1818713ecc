//! What a presenter does: at most one piece of work at a time, and how it has ended.

use futures::future::BoxFuture;

use super::super::courier::Delivery;
use super::paint::Painted;
use crate::bot_api::Postponed;
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::domain::ids::OutboxId;
use crate::domain::media::{FileDelivery, FileReceipt};
use crate::rendering::RichText;

/// Work for the screen; at most one at a time, so that calls cannot overtake each other.
pub(super) type ScreenWork<'a> = (Purpose, BoxFuture<'a, WorkResult>);

/// The purpose of work for the screen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Shows an unfinished state.
    Frame,
    /// Stores a finished part in the outbox.
    Part,
    /// Waits until a finished part was delivered.
    Arrival,
}

/// The result of work for the screen.
pub(super) enum WorkResult {
    Painted(Seen, Result<Painted, Postponed>),
    Enqueued(Option<Delivery>),
    EnqueuedFiles(Vec<(OutboxId, OutboxMessage)>, FileReceipt),
    NotEnqueued(Piece, DbError),
    Delivered,
}

/// How much of an answer was shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Default)]
pub(super) enum Seen {
    #[default]
    Nothing,
    Thoughts,
    Words,
}

/// Something that is final and goes to the chat next.
pub(super) enum Piece {
    /// A part of the answer.
    Text(RichText),
    /// Files, and where their fates are reported.
    Files(FileDelivery, FileReceipt),
}
