//! Repository of the recipients of announcements. A recipient is marked as begun right before the request
//! leaves; only a waiting row, or one that the same worker has just marked, can be marked, so nobody gets an
//! announcement twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Db, DbError, Tx};
use crate::domain::ids::{AnnouncementId, MessageId, UserId};
use crate::domain::people::Language;

/// How far a recipient is.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecipientState {
    /// Nothing was sent yet.
    Waiting,
    /// The request is leaving.
    Begun,
    /// Telegram has accepted the message.
    Sent,
    /// The request has left, and no answer is known. It is not repeated.
    Unknown,
    /// The user has blocked the bot or deleted the account.
    Blocked,
    /// The user has never begun a private chat with the bot, or the chat is gone.
    Closed,
    /// Telegram has refused the message.
    Refused,
    /// The user takes no announcements.
    OptedOut,
    /// The operator has banned the user.
    Banned,
}

impl RecipientState {
    /// Returns the name of the column.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}

/// How many recipients are in each state.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tally(BTreeMap<RecipientState, u64>);

impl Tally {
    /// Returns how many recipients are in a state.
    pub(crate) fn of(&self, state: RecipientState) -> u64 {
        self.0.get(&state).copied().unwrap_or_default()
    }

    /// Returns how many recipients there are, without those who were left out from the beginning or meanwhile.
    pub(crate) fn addressed(&self) -> u64 {
        let left_out = [RecipientState::OptedOut, RecipientState::Banned]
            .map(|state| self.of(state))
            .iter()
            .sum::<u64>();
        self.0.values().sum::<u64>() - left_out
    }

    /// Returns how many of those were tried.
    pub(crate) fn tried(&self) -> u64 {
        let waiting = self.of(RecipientState::Waiting) + self.of(RecipientState::Begun);
        self.addressed() - waiting
    }
}

/// Who would get an announcement, and who is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Audience {
    /// Users who would get it.
    pub reached: i64,
    /// Users who take no announcements.
    pub opted_out: i64,
    /// Users who have blocked the bot.
    pub blocked: i64,
    /// Users whom the operator has banned.
    pub banned: i64,
}

/// Counts the audience of an announcement as it is now.
pub(crate) async fn audience(tx: &mut Tx<'_>, id: AnnouncementId) -> Result<Audience, DbError> {
    sqlx::query_as!(
        Audience,
        r#"SELECT count(*) FILTER (WHERE announcements AND blocked_at IS NULL AND banned_at IS NULL) AS "reached!",
                  count(*) FILTER (WHERE NOT announcements AND banned_at IS NULL) AS "opted_out!",
                  count(*) FILTER (WHERE announcements AND blocked_at IS NOT NULL AND banned_at IS NULL) AS "blocked!",
                  count(*) FILTER (WHERE banned_at IS NOT NULL) AS "banned!"
           FROM announcements AS announcement JOIN users
             ON NOT users.is_bot AND (announcement.targets IS NULL OR users.id = ANY(announcement.targets))
           WHERE announcement.id = $1"#,
        id.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("announcement_recipients::audience"))
}

/// Stores the recipients of an announcement: everybody whom it is for, also those who are left out.
pub(crate) async fn enlist(tx: &mut Tx<'_>, id: AnnouncementId) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO announcement_recipients (announcement_id, user_id, state)
         SELECT announcement.id, users.id,
                CASE WHEN banned_at IS NOT NULL THEN 'banned' WHEN NOT announcements THEN 'opted_out'
                     WHEN blocked_at IS NOT NULL THEN 'blocked' ELSE 'waiting' END
         FROM announcements AS announcement JOIN users
           ON NOT users.is_bot AND (announcement.targets IS NULL OR users.id = ANY(announcement.targets))
         WHERE announcement.id = $1
         ON CONFLICT DO NOTHING",
        id.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("announcement_recipients::enlist"))?;
    Ok(())
}

/// Somebody who is to get an announcement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Recipient {
    /// The user, whose private chat has the same id.
    pub user: UserId,
    /// The language of the user.
    pub language: Language,
}

/// Returns up to `limit` recipients who wait, behind `after`, in the order of their ids.
pub(crate) async fn waiting(
    db: &Db,
    id: AnnouncementId,
    after: UserId,
    limit: i64,
) -> Result<Vec<Recipient>, DbError> {
    let rows = sqlx::query!(
        "SELECT user_id, coalesce(language, language_code) AS language FROM announcement_recipients JOIN users ON users.id = user_id
         WHERE announcement_id = $1 AND state = 'waiting' AND user_id > $2 ORDER BY user_id LIMIT $3",
        id.0,
        after.0,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("announcement_recipients::waiting"))?;
    let recipient = |user: i64, language: Option<String>| Recipient {
        user: UserId(user),
        language: Language::from_tag(language.as_deref()),
    };
    Ok(rows.into_iter().map(|row| recipient(row.user_id, row.language)).collect())
}

/// Marks a recipient as begun, unless the user is to be left out now. Returns the new state, or `None` if
/// nothing may be sent: the announcement was stopped, another worker has it, or the recipient was tried. The
/// same worker may repeat it as long as Telegram has not been asked.
pub(crate) async fn mark(
    db: &Db,
    id: AnnouncementId,
    user: UserId,
    lease: i64,
) -> Result<Option<RecipientState>, DbError> {
    let state = sqlx::query_scalar!(
        "UPDATE announcement_recipients AS recipient
         SET state = CASE WHEN banned_at IS NOT NULL THEN 'banned' WHEN NOT users.announcements THEN 'opted_out'
                          WHEN blocked_at IS NOT NULL THEN 'blocked' ELSE 'begun' END,
             lease = $3, changed_at = now()
         FROM announcements AS announcement, users
         WHERE recipient.announcement_id = $1 AND recipient.user_id = $2 AND users.id = $2 AND announcement.id = $1
           AND announcement.state = 'sending' AND announcement.lease = $3 AND leased_until > now()
           AND (recipient.state = 'waiting' OR (recipient.state = 'begun' AND recipient.lease = $3))
         RETURNING recipient.state",
        id.0,
        user.0,
        lease,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("announcement_recipients::mark"))?;
    Ok(state.and_then(|state| state.parse().ok()))
}

/// What has become of a recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fate {
    /// How it ended; `Waiting` if nothing was sent after all.
    pub state: RecipientState,
    /// The message that Telegram has accepted.
    pub message: Option<MessageId>,
    /// Telegram's words about a refusal.
    pub detail: Option<String>,
}

/// Records the fate of a recipient that this worker has begun. A user who has blocked the bot is marked, too.
pub(crate) async fn settle(
    db: &Db,
    id: AnnouncementId,
    user: UserId,
    lease: i64,
    fate: &Fate,
) -> Result<(), DbError> {
    sqlx::query!(
        "WITH blocked AS (
           UPDATE users SET blocked_at = coalesce(blocked_at, now()) WHERE id = $2 AND $4 = 'blocked'
         )
         UPDATE announcement_recipients SET state = $4, message_id = $5, detail = $6, changed_at = now()
         WHERE announcement_id = $1 AND user_id = $2 AND lease = $3
           -- The answer may come after another worker has taken over.
           AND (state = 'begun' OR (state = 'unknown' AND $4 <> 'waiting'))",
        id.0,
        user.0,
        lease,
        fate.state.name(),
        fate.message.map(|message| message.0),
        fate.detail.as_deref(),
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("announcement_recipients::settle"))?;
    Ok(())
}

/// Turns what is still begun into unknown, once nobody is sending any more.
pub(crate) async fn give_up_begun(tx: &mut Tx<'_>, id: AnnouncementId) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE announcement_recipients SET state = 'unknown', changed_at = now()
         WHERE announcement_id = $1 AND state = 'begun'",
        id.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("announcement_recipients::give_up_begun"))?;
    Ok(())
}

/// Counts the recipients of an announcement by their states.
pub(crate) async fn tally(database: impl sqlx::PgExecutor<'_>, id: AnnouncementId) -> Result<Tally, DbError> {
    let rows = sqlx::query!(
        r#"SELECT state, count(*) AS "count!" FROM announcement_recipients WHERE announcement_id = $1 GROUP BY state"#,
        id.0,
    )
    .fetch_all(database)
    .await
    .map_err(DbError::at("announcement_recipients::tally"))?;
    let count = |state: &str, count: i64| Some((state.parse().ok()?, count.unsigned_abs()));
    Ok(Tally(rows.iter().filter_map(|row| count(&row.state, row.count)).collect()))
}

/// A line of the report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ReportLine {
    pub user: UserId,
    pub username: Option<String>,
    /// How it ended, by the name of the column.
    pub state: String,
    pub detail: Option<String>,
}

/// Returns up to `limit` recipients for the report: first those who did not get the announcement.
pub(crate) async fn report(
    tx: &mut Tx<'_>,
    id: AnnouncementId,
    limit: i64,
) -> Result<Vec<ReportLine>, DbError> {
    let rows = sqlx::query!(
        "SELECT user_id, username, state, detail FROM announcement_recipients JOIN users ON users.id = user_id
         WHERE announcement_id = $1 ORDER BY state = 'sent', state, user_id LIMIT $2",
        id.0,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("announcement_recipients::report"))?;
    let line = rows.into_iter().map(|row| ReportLine {
        user: UserId(row.user_id),
        username: row.username,
        state: row.state,
        detail: row.detail,
    });
    Ok(line.collect())
}
