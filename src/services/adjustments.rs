//! Changes made by administrators: balances of users, and the margin of new invoices. The caller checks the
//! rights, which come from the settings.

use rust_decimal::{Decimal, dec};

use super::books::Books;
use super::intake::Caller;
use super::people;
use crate::db::balance::{self, Operation, Reason};
use crate::db::outbox::OutboxMessage;
use crate::db::settings::MarginChange;
use crate::db::{self, DbError, settings};
use crate::domain::ids::{OutboxId, UserId};
use crate::domain::money::Usd;
use crate::domain::stars::Margin;

/// The largest balance in US dollars, far below what the column holds.
const MOST: Decimal = dec!(10_000_000_000);

/// How many changes of the margin are shown.
const CHANGES_SHOWN: i64 = 5;

/// Identifies the user whose balance is changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The user with this id.
    Id(UserId),
    /// The user with this name, without the `@`.
    Name(String),
}

/// The result of a correction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Adjusted {
    /// The correction is booked.
    Done {
        /// The user whose balance changed.
        user: UserId,
        /// The balance before.
        before: Usd,
        /// The balance afterwards.
        after: Usd,
    },
    /// No user with that id or name is known.
    Unknown,
    /// Several users were last seen with that name.
    Ambiguous(Vec<UserId>),
    /// The balance would exceed its range.
    TooMuch,
}

/// Corrects a balance by a signed amount; `reply` composes a message from the result. Handling the same
/// update twice books once.
pub async fn top_up(
    books: &Books,
    caller: Caller<'_>,
    target: &Target,
    amount: Usd,
    reply: impl Fn(&Adjusted) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let users = match target {
        Target::Id(user) => vec![*user],
        Target::Name(name) => db::people::named(&mut tx, name).await?,
    };
    let adjusted = match users[..] {
        [] => Adjusted::Unknown,
        [user] => adjust(&mut tx, books, caller, user, amount).await?,
        _ => Adjusted::Ambiguous(users),
    };
    if let Adjusted::Done { user, before, after } = adjusted {
        tracing::info!(user.id = user.0, admin.id = caller.user().0, %before, %after, "a balance was corrected");
    }
    caller.leave(tx, &[reply(&adjusted)]).await
}

async fn adjust(
    tx: &mut crate::db::Tx<'_>,
    books: &Books,
    caller: Caller<'_>,
    user: UserId,
    amount: Usd,
) -> Result<Adjusted, DbError> {
    // Checked under the row lock, so that a second run of the update finds what the first one booked.
    let Some(before) = balance::lock(tx, user).await? else { return Ok(Adjusted::Unknown) };
    // A user from before there were books gets the grant first.
    let before = people::open_books(tx, books, user).await?.unwrap_or(before);
    let key = format!("adjustment:{}", caller.update);
    if let Some(after) = balance::posted(tx, &key).await? {
        return Ok(Adjusted::Done { user, before: after - amount, after });
    }
    if (before + amount).0.abs() > MOST {
        return Ok(Adjusted::TooMuch);
    }
    let reason = Reason::Adjustment(caller.user());
    let after = balance::post(tx, &Operation { user, reason, amount, key: &key, subject: "" }).await?;
    Ok(Adjusted::Done { user, before, after })
}

/// The margin before and after a command, and its newest changes, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarginState {
    /// The margin before.
    pub before: Margin,
    /// The margin afterwards.
    pub after: Margin,
    /// What it was set to lately.
    pub changes: Vec<MarginChange>,
}

/// Sets the operator's margin for all new invoices, or only shows it.
pub async fn set_margin(
    books: &Books,
    caller: Caller<'_>,
    margin: Option<Margin>,
    reply: impl Fn(&MarginState) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let before = settings::margin(&mut tx).await?;
    let after = margin.unwrap_or(before);
    if after != before {
        settings::set_margin(&mut tx, after, caller.user()).await?;
        tracing::info!(admin.id = caller.user().0, margin = %after.share(), "the margin was set");
    }
    let changes = settings::margin_changes(&mut tx, CHANGES_SHOWN).await?;
    caller.leave(tx, &[reply(&MarginState { before, after, changes })]).await
}
