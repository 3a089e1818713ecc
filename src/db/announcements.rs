//! Repository of announcements: what an administrator prepares, and which one is being sent. Which worker sends
//! it is in `announcement_leases.rs`, and to whom in `announcement_recipients.rs`.

use super::{Db, DbError, Tx};
use crate::domain::ids::{AnnouncementId, ChatId, MessageId, ThreadKey, TopicId, UpdateId, UserId};
use crate::domain::people::Language;

/// How far an announcement is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum AnnouncementState {
    /// Its content is awaited.
    Asked,
    /// The content has come and is being shown to the administrator.
    Given,
    /// The administrator's approval is awaited.
    Offered,
    /// It is being sent.
    Sending,
    /// It was stopped; what was begun is being finished.
    Stopping,
    /// Every recipient was tried.
    Sent,
    /// It was stopped before that.
    Stopped,
    /// It was not approved.
    Cancelled,
}

/// An announcement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Announcement {
    pub id: AnnouncementId,
    /// The administrator.
    pub admin: UserId,
    /// The administrator's private chat, which has the content, and its topic.
    pub chat: ChatId,
    pub topic: Option<TopicId>,
    pub state: AnnouncementState,
    /// The message that is copied.
    pub message: Option<MessageId>,
    /// The message of the bot that shows the progress.
    pub progress: Option<MessageId>,
    /// The language of the administrator.
    pub language: Language,
    /// Why it was stopped, if no administrator has done so.
    pub failure: Option<String>,
}

/// A row as the statements return it.
struct Row {
    id: i64,
    admin_id: i64,
    chat_id: i64,
    topic_id: Option<i32>,
    state: String,
    message_id: Option<i32>,
    progress_id: Option<i32>,
    failure: Option<String>,
    language: Option<String>,
}

impl TryFrom<Row> for Announcement {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let unknown =
            DbError::Inconsistent { table: "announcements", row: row.id, what: "the state is unknown" };
        Ok(Self {
            id: AnnouncementId(row.id),
            admin: UserId(row.admin_id),
            chat: ChatId(row.chat_id),
            topic: row.topic_id.map(TopicId),
            state: row.state.parse().map_err(|_| unknown)?,
            message: row.message_id.map(MessageId),
            progress: row.progress_id.map(MessageId),
            language: Language::from_tag(row.language.as_deref()),
            failure: row.failure,
        })
    }
}

/// Begins an announcement for these users, or for all, and cancels what the administrator was preparing. The
/// same update again begins nothing new.
pub(crate) async fn ask(
    tx: &mut Tx<'_>,
    update: UpdateId,
    key: ThreadKey,
    targets: Option<&[UserId]>,
) -> Result<(), DbError> {
    let targets: Option<Vec<i64>> = targets.map(|users| users.iter().map(|user| user.0).collect());
    sqlx::query!(
        "UPDATE announcements SET state = 'cancelled', finished_at = now()
         WHERE admin_id = $1 AND state IN ('asked', 'given', 'offered') AND asked_by <> $2",
        key.owner.0,
        update.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("announcements::ask"))?;
    sqlx::query!(
        "INSERT INTO announcements (asked_by, admin_id, chat_id, topic_id, targets) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (asked_by) DO NOTHING",
        update.0,
        key.owner.0,
        key.chat.0,
        key.topic.map(|topic| topic.0),
        targets.as_deref(),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("announcements::ask"))?;
    Ok(())
}

/// Takes a message as the content that is awaited in its thread, which closes the dialog. Returns `None` if
/// none is awaited. The same update again is the same content.
pub(crate) async fn take_content(
    db: &Db,
    key: ThreadKey,
    update: UpdateId,
    message: MessageId,
) -> Result<Option<AnnouncementId>, DbError> {
    let id = sqlx::query_scalar!(
        r#"WITH dialog AS (
             DELETE FROM dialogs WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3
               AND kind = 'announcement' AND opened_by < $4 RETURNING expires_at > now() AS open
           ), taken AS (
             UPDATE announcements SET state = 'given', given_by = $4, message_id = $5
             WHERE id = (SELECT max(id) FROM announcements
                         WHERE admin_id = $2 AND chat_id = $1 AND topic_id IS NOT DISTINCT FROM $3 AND state = 'asked')
               AND EXISTS (SELECT 1 FROM dialog WHERE open)
             RETURNING id
           )
           SELECT id AS "id!" FROM taken
           UNION ALL SELECT id FROM announcements WHERE given_by = $4 AND state = 'given'"#,
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
        update.0,
        message.0,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("announcements::take_content"))?;
    Ok(id.map(AnnouncementId))
}

/// Returns an announcement, locked until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx<'_>, id: AnnouncementId) -> Result<Option<Announcement>, DbError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT announcements.id, admin_id, chat_id, topic_id, state, message_id, progress_id, failure,
                coalesce(language, language_code) AS language
         FROM announcements JOIN users ON users.id = admin_id WHERE announcements.id = $1 FOR UPDATE OF announcements",
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("announcements::lock"))?;
    row.map(Announcement::try_from).transpose()
}

/// Returns the announcement that is being sent.
pub(crate) async fn running(tx: &mut Tx<'_>) -> Result<Option<AnnouncementId>, DbError> {
    let id = sqlx::query_scalar!("SELECT id FROM announcements WHERE state IN ('sending', 'stopping')")
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::at("announcements::running"))?;
    Ok(id.map(AnnouncementId))
}

/// Moves a locked announcement on, unless it is being sent or has ended; without its content if that is to be
/// awaited again.
pub(crate) async fn set_state(
    tx: &mut Tx<'_>,
    id: AnnouncementId,
    state: AnnouncementState,
) -> Result<(), DbError> {
    let name: &'static str = state.into();
    sqlx::query!(
        "UPDATE announcements SET state = $2,
           given_by = CASE WHEN $2 <> 'asked' THEN given_by END, message_id = CASE WHEN $2 <> 'asked' THEN message_id END,
           finished_at = CASE WHEN $2 = 'cancelled' THEN now() END
         WHERE id = $1 AND state IN ('asked', 'given', 'offered')",
        id.0,
        name,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("announcements::set_state"))?;
    Ok(())
}

/// Begins to send a locked announcement; `progress` is the message that shows how far it is.
pub(crate) async fn begin(tx: &mut Tx<'_>, id: AnnouncementId, progress: MessageId) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE announcements SET state = 'sending', begun_at = now(), progress_id = $2 WHERE id = $1 AND state = 'offered'",
        id.0,
        progress.0,
    )
    .execute(&mut **tx)
    .await
    // Another administrator may begin one at the same time.
    .map_err(DbError::at_race("announcements::begin"))?;
    Ok(())
}

/// Ends the sending of an announcement early: nobody else gets it. Returns `false` if it is not being sent.
pub(crate) async fn stop(
    database: impl sqlx::PgExecutor<'_>,
    id: AnnouncementId,
    failure: Option<&str>,
) -> Result<bool, DbError> {
    let stopped = sqlx::query!(
        "UPDATE announcements SET state = 'stopping', failure = coalesce(failure, $2) WHERE id = $1 AND state = 'sending'",
        id.0,
        failure,
    )
    .execute(database)
    .await
    .map_err(DbError::at("announcements::stop"))?;
    Ok(stopped.rows_affected() > 0)
}

/// Cancels announcements that nobody has approved for a day, and deletes the recipients of those that have
/// ended more than 90 days ago, at most `limit` of them. Returns the number of deleted rows.
pub(crate) async fn forget(db: &Db, limit: i64) -> Result<u64, DbError> {
    sqlx::query!(
        "UPDATE announcements SET state = 'cancelled', finished_at = now()
         WHERE state IN ('asked', 'given', 'offered') AND created_at < now() - interval '1 day'",
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("announcements::forget"))?;
    let deleted = sqlx::query!(
        "DELETE FROM announcement_recipients AS old USING (
           SELECT announcement_id, user_id FROM announcements
           JOIN announcement_recipients ON announcement_id = announcements.id
           WHERE finished_at < now() - interval '90 days' LIMIT $1
         ) AS due
         WHERE old.announcement_id = due.announcement_id AND old.user_id = due.user_id",
        limit,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("announcements::forget"))?;
    Ok(deleted.rows_affected())
}
