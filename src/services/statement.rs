//! A user's balance and ledger operations, in pages from the newest to the oldest.

use super::books::Books;
use super::intake::Caller;
use crate::db::balance::{self, Balance, LedgerEntry};
use crate::db::outbox::OutboxMessage;
use crate::db::{DbError, Tx};
use crate::domain::ids::{OutboxId, UserId};
use crate::domain::people::Language;

/// The number of operations on a page.
pub(crate) const PAGE: i64 = 10;

/// A page of the ledger of one user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Statement {
    /// The present balance.
    pub balance: Balance,
    /// Operations, newest first.
    pub entries: Vec<LedgerEntry>,
    /// The number of the newest operation of the user, which may be on another page; 0 without any.
    pub last: i64,
}

impl Statement {
    /// Returns the number of the newest operation on the next newer page, or `None` on the newest page.
    pub(crate) fn newer(&self) -> Option<i64> {
        let first = self.entries.first().map(|entry| entry.number)?;
        (first < self.last).then_some(first + PAGE)
    }

    /// Returns the number of the newest operation on the next older page, or `None` on the oldest page.
    pub(crate) fn older(&self) -> Option<i64> {
        let last = self.entries.last().map(|entry| entry.number)?;
        (last > 1).then_some(last - 1)
    }
}

/// Shows the newest page; `reply` composes the message.
pub(crate) async fn show(
    books: &Books,
    caller: Caller<'_>,
    reply: impl Fn(Language, &Statement) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    let statement = read(&mut tx, caller.user(), i64::MAX).await?;
    caller.leave(tx, &[reply(known.language, &statement)]).await
}

/// Returns the page that begins with the operation `newest` or the next older one.
pub(crate) async fn page(books: &Books, caller: Caller<'_>, newest: i64) -> Result<Statement, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let statement = read(&mut tx, caller.user(), newest).await?;
    caller.leave(tx, &[]).await?;
    Ok(statement)
}

async fn read(tx: &mut Tx<'_>, user: UserId, newest: i64) -> Result<Statement, DbError> {
    let balance = balance::of(&mut **tx, user).await?.unwrap_or_default();
    let last = balance::last_operation(tx, user).await?;
    let entries = balance::operations(tx, user, newest.min(last), PAGE).await?;
    Ok(Statement { balance, entries, last })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn pages_follow_each_other_without_gaps() {
        for (newest, oldest, last, newer, older) in [
            (25, 16, 25, None, Some(15)),
            (15, 6, 25, Some(25), Some(5)),
            (5, 1, 25, Some(15), None),
            (1, 1, 1, None, None),
            (12, 3, 13, Some(22), Some(2)),
        ] {
            let entry = |number| LedgerEntry {
                number,
                kind: "usage".to_owned(),
                amount: crate::domain::money::Usd::ZERO,
                subject: String::new(),
                at: DateTime::UNIX_EPOCH,
                tools: Vec::new(),
                estimated: false,
            };
            let entries = (oldest..=newest).rev().map(entry).collect();
            let statement = Statement { balance: Balance::default(), entries, last };
            assert_eq!(
                (statement.newer(), statement.older()),
                (newer, older),
                "{newest} to {oldest} of {last}"
            );
        }
        let empty = Statement { balance: Balance::default(), entries: Vec::new(), last: 0 };
        assert_eq!((empty.newer(), empty.older()), (None, None));
    }
}
