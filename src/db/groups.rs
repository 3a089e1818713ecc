//! Repository of the settings of groups, and of what a group was told once.

use super::{Db, DbError, Tx};
use crate::domain::group::{GroupSettings, Sponsor};
use crate::domain::ids::{ChatId, TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::Language;

/// Returns the settings of a group. Those of a group that has become a supergroup are the ones of that.
pub(crate) async fn settings(
    database: impl sqlx::PgExecutor<'_>,
    chat: ChatId,
) -> Result<GroupSettings, DbError> {
    let row = sqlx::query!(
        "SELECT hears_all, shared, sponsor_id, day_limit FROM group_settings
         WHERE chat_id = coalesce((SELECT migrated_to FROM chats WHERE id = $1), $1)",
        chat.0,
    )
    .fetch_optional(database)
    .await
    .map_err(DbError::at("groups::settings"))?;
    Ok(row.map_or_else(GroupSettings::default, |row| GroupSettings {
        hears_all: row.hears_all,
        shared: row.shared,
        sponsor: row
            .sponsor_id
            .zip(row.day_limit)
            .map(|(user, day_limit)| Sponsor { user: UserId(user), day_limit: Usd(day_limit) }),
    }))
}

/// Stores the settings of a group, as one person has changed them.
pub(crate) async fn store(
    tx: &mut Tx<'_>,
    chat: ChatId,
    settings: &GroupSettings,
    by: UserId,
) -> Result<(), DbError> {
    let GroupSettings { hears_all, shared, sponsor } = settings;
    sqlx::query!(
        "INSERT INTO group_settings (chat_id, hears_all, shared, sponsor_id, day_limit, changed_by)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (chat_id) DO UPDATE SET hears_all = excluded.hears_all, shared = excluded.shared,
           sponsor_id = excluded.sponsor_id, day_limit = excluded.day_limit,
           changed_by = excluded.changed_by, changed_at = now()",
        chat.0,
        hears_all,
        shared,
        sponsor.map(|sponsor| sponsor.user.0),
        sponsor.map(|sponsor| sponsor.day_limit.0),
        by.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("groups::store"))?;
    Ok(())
}

/// Returns the name of a user, as people see it.
pub(crate) async fn name_of(tx: &mut Tx<'_>, user: UserId) -> Result<String, DbError> {
    let name = sqlx::query_scalar!(
        r#"SELECT coalesce('@' || username, concat_ws(' ', first_name, last_name)) AS "name!"
           FROM users WHERE id = $1"#,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("groups::name_of"))?;
    Ok(name.unwrap_or_default())
}

/// Records that a group is told something now. Returns `false` if it was told before; after so many `hours`,
/// if any, it may be told again.
pub(crate) async fn tell(
    tx: &mut Tx<'_>,
    chat: ChatId,
    notice: &str,
    hours: Option<i32>,
) -> Result<bool, DbError> {
    let told = sqlx::query!(
        "INSERT INTO group_notices (chat_id, notice) VALUES ($1, $2)
         ON CONFLICT (chat_id, notice) DO UPDATE SET told_at = now()
         WHERE group_notices.told_at <= now() - make_interval(hours => $3)",
        chat.0,
        notice,
        hours,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("groups::tell"))?;
    Ok(told.rows_affected() > 0)
}

/// Returns the language of the person who has talked to the bot last in a group, or `None` if nobody has.
pub(crate) async fn language(tx: &mut Tx<'_>, chat: ChatId) -> Result<Option<Language>, DbError> {
    let tag = sqlx::query_scalar!(
        "SELECT coalesce(users.language, users.language_code) FROM threads JOIN users ON users.id = threads.user_id
         WHERE threads.chat_id = $1 ORDER BY users.last_seen_at DESC LIMIT 1",
        chat.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("groups::language"))?;
    Ok(tag.map(|tag| Language::from_tag(tag.as_deref())))
}

/// What a sponsor has left to pay for a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SponsorFunds {
    /// The balance.
    pub balance: Usd,
    /// What of it is reserved.
    pub held: Usd,
    /// What of that is reserved for refunds.
    pub refunding: Usd,
    /// Whether the operator has banned the person.
    pub banned: bool,
    /// What was paid in the group today (UTC), by the clock of the database: answers and transcripts of files.
    pub spent: Usd,
    /// What is reserved there for other open turns and for transcripts.
    pub reserved: Usd,
}

/// Returns what a sponsor has left for a group, besides what the turn `besides` has reserved. Exact while the
/// caller has the sponsor's row locked: whatever changes any of it locks that row.
pub(crate) async fn sponsor_funds(
    tx: &mut Tx<'_>,
    chat: ChatId,
    sponsor: UserId,
    besides: TurnId,
) -> Result<SponsorFunds, DbError> {
    let row = sqlx::query!(
        r#"SELECT balance, held, banned_at IS NOT NULL AS "banned!",
             (SELECT coalesce(sum(credit), 0) FROM payments
              WHERE payments.user_id = $2 AND payments.state = 'refunding') AS "refunding!",
             (SELECT coalesce(-sum(amount), 0) FROM turns
              JOIN balance_operations AS paid ON paid.turn_id = turns.id AND paid.kind IN ('usage', 'return')
              WHERE sponsored_in = $1 AND payer_id = $2
                AND closed_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') AS "spent!",
             (SELECT coalesce(sum(cost), 0) FROM transcriptions
              WHERE sponsored_in = $1 AND user_id = $2
                AND settled_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') AS "heard!",
             (SELECT coalesce(sum(turns.held), 0) FROM turns
              WHERE sponsored_in = $1 AND payer_id = $2 AND closed_at IS NULL AND turns.id <> $3) AS "reserved!",
             (SELECT coalesce(sum(transcriptions.held), 0) FROM transcriptions
              WHERE sponsored_in = $1 AND user_id = $2 AND settled_at IS NULL) AS "hearing!"
           FROM users WHERE id = $2"#,
        chat.0,
        sponsor.0,
        besides.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("groups::sponsor_funds"))?;
    Ok(SponsorFunds {
        balance: Usd(row.balance),
        held: Usd(row.held),
        refunding: Usd(row.refunding),
        banned: row.banned,
        spent: Usd(row.spent + row.heard),
        reserved: Usd(row.reserved + row.hearing),
    })
}

/// Returns whether a group has a sponsor with something left to spend. Whether that is enough is decided when a
/// turn begins.
pub(crate) async fn has_solvent_sponsor(db: &Db, chat: ChatId) -> Result<bool, DbError> {
    if chat.0 > 0 {
        return Ok(false);
    }
    let has = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM group_settings JOIN users ON users.id = sponsor_id
             WHERE chat_id = $1 AND balance > 0 AND banned_at IS NULL) AS "has!""#,
        chat.0,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("groups::has_solvent_sponsor"))?;
    Ok(has)
}

/// An open turn in a group, locked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UnpaidTurn {
    /// The group.
    pub chat: ChatId,
    /// The sponsor who has reserved money for it already.
    pub sponsor: Option<UserId>,
    /// Whether the operator has banned the person who asks.
    pub banned: bool,
}

/// Locks an open turn. Returns `None` if it is closed, or has a hold of somebody else.
pub(crate) async fn lock_unpaid(
    tx: &mut Tx<'_>,
    turn: TurnId,
    asker: UserId,
) -> Result<Option<UnpaidTurn>, DbError> {
    let row = sqlx::query!(
        r#"SELECT threads.chat_id, turns.sponsored_in IS NOT NULL AS "sponsored!", turns.payer_id,
                  EXISTS (SELECT 1 FROM users WHERE users.id = $2 AND banned_at IS NOT NULL) AS "banned!"
           FROM turns JOIN threads ON threads.id = turns.thread_id
           WHERE turns.id = $1 AND turns.state = 'open' AND (turns.held IS NULL OR sponsored_in IS NOT NULL)
           FOR NO KEY UPDATE OF turns"#,
        turn.0,
        asker.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("groups::lock_unpaid"))?;
    Ok(row.map(|row| UnpaidTurn {
        chat: ChatId(row.chat_id),
        sponsor: row.payer_id.filter(|_| row.sponsored).map(UserId),
        banned: row.banned,
    }))
}

/// Makes a sponsor the payer of a locked turn and reserves money for it.
pub(crate) async fn sponsor(
    tx: &mut Tx<'_>,
    turn: TurnId,
    (chat, sponsor): (ChatId, UserId),
    amount: Usd,
) -> Result<(), DbError> {
    sqlx::query!(
        "WITH paid AS (UPDATE turns SET held = $4, payer_id = $3, sponsored_in = $2 WHERE id = $1)
         UPDATE users SET held = held + $4 WHERE id = $3",
        turn.0,
        chat.0,
        sponsor.0,
        amount.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("groups::sponsor"))?;
    Ok(())
}
