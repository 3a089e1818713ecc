//! What administrators see of a user, and bans. The caller checks the rights, which come from the settings.

use super::adjustments::Target;
use super::books::Books;
use super::intake::Caller;
use crate::db::bans::{self, BanChange};
use crate::db::outbox::OutboxMessage;
use crate::db::user_overview::{self, FailedTurn, Spending, UserOverview};
use crate::db::{DbError, people};
use crate::domain::ids::{OutboxId, UserId};

/// How many failures and bans are shown.
const SHOWN: i64 = 5;

/// What an administrator wants with a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum AccountRequest {
    /// To see the account.
    Show,
    /// To close it: nothing is answered and nothing is sold any more. Contains the reason.
    Ban(String),
    /// To open it again.
    Unban,
}

/// The reply to such a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum AccountReply {
    /// The account, after the change that was requested.
    Shown(Box<Account>),
    /// The account was closed or open already.
    Unchanged(UserId),
    /// Administrators cannot be banned.
    Privileged(UserId),
    /// No user with that id or name is known.
    Unknown,
    /// Several users were last seen with that name.
    Ambiguous(Vec<UserId>),
}

/// An account as administrators see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Account {
    pub overview: UserOverview,
    /// The name of the model that the user is answered with, and whether it is the user's choice.
    pub model: (String, bool),
    pub spending: Spending,
    pub failures: Vec<FailedTurn>,
    pub bans: Vec<BanChange>,
}

/// Shows, bans or unbans a user; `reply` composes the message. Handling the same update twice changes the
/// account once.
pub(crate) async fn request(
    books: &Books,
    caller: Caller<'_>,
    target: &Target,
    wish: &AccountRequest,
    reply: impl Fn(&AccountReply) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let users = match target {
        Target::Id(user) => vec![*user],
        Target::Name(name) => people::named(&mut tx, name).await?,
    };
    let answer = match users[..] {
        [] => AccountReply::Unknown,
        [user] => carry_out(&mut tx, books, caller, user, wish).await?,
        _ => AccountReply::Ambiguous(users),
    };
    caller.leave(tx, &[reply(&answer)]).await
}

async fn carry_out(
    tx: &mut crate::db::Tx<'_>,
    books: &Books,
    caller: Caller<'_>,
    user: UserId,
    wish: &AccountRequest,
) -> Result<AccountReply, DbError> {
    if !people::exists(tx, user).await? {
        return Ok(AccountReply::Unknown);
    }
    let reason = match wish {
        AccountRequest::Show => None,
        AccountRequest::Ban(_) if books.is_privileged(user) => return Ok(AccountReply::Privileged(user)),
        AccountRequest::Ban(reason) => Some(Some(reason.as_str())),
        AccountRequest::Unban => Some(None),
    };
    if let Some(reason) = reason {
        if !bans::set(tx, caller.update, user, reason, caller.user()).await? {
            return Ok(AccountReply::Unchanged(user));
        }
        let banned = reason.is_some();
        tracing::info!(
            user.id = user.0,
            admin.id = caller.user().0,
            banned,
            "an account was closed or opened"
        );
    }
    let Some(overview) = user_overview::find(tx, user).await? else { return Ok(AccountReply::Unknown) };
    let is_chosen =
        overview.model.as_ref().is_some_and(|model| books.registry.choosable(model, books.today()).is_some());
    Ok(AccountReply::Shown(Box::new(Account {
        model: (books.registry.chosen(overview.model.as_ref(), books.today()).name.clone(), is_chosen),
        spending: user_overview::spending(tx, user, books.clock.now()).await?,
        failures: user_overview::failures(tx, user, SHOWN).await?,
        bans: bans::latest(tx, user, SHOWN).await?,
        overview,
    })))
}
