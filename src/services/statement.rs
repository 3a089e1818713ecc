//! A user's balance and newest ledger operations.

use super::books::Books;
use super::intake::Caller;
use crate::db::DbError;
use crate::db::balance::{self, Balance, LedgerEntry};
use crate::db::outbox::OutboxMessage;
use crate::domain::ids::OutboxId;

/// The number of operations shown.
const SHOWN: i64 = 10;

/// Shows the balance and the newest operations; `reply` composes the message.
pub(crate) async fn show(
    books: &Books,
    caller: Caller<'_>,
    reply: impl Fn(Balance, &[LedgerEntry]) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let balance = balance::of(&mut *tx, caller.user()).await?.unwrap_or_default();
    let booked = balance::latest(&mut tx, caller.user(), SHOWN).await?;
    caller.leave(tx, &[reply(balance, &booked)]).await
}
