//! Repository of the outbox: messages owed to chats, kept until Telegram has accepted them.

mod files;
mod lost;
mod owners;

use sqlx::types::Json;

use self::files::files_change;
pub(crate) use self::files::files_sent;
pub use self::lost::LostSearch;
pub(crate) use self::owners::{is_message, owner};
pub use super::outbox_rows::OutboxMessage;
use super::outbox_rows::{MarkSent, rows};
use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, MessageId, OutboxId, TurnId};
use crate::domain::media::FileFate;

/// Number of messages read at once.
const PAGE: i64 = 500;

/// Stores messages in order and returns those still to be sent, with their ids. This includes messages stored
/// before, because the result of an earlier call may have been lost; the courier sends each only once.
pub async fn enqueue(
    tx: &mut Tx<'_>,
    messages: &[OutboxMessage],
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"INSERT INTO outbox OVERRIDING USER VALUE
           SELECT owed.* FROM jsonb_array_elements($1) WITH ORDINALITY AS element (item, position)
           CROSS JOIN LATERAL jsonb_populate_record(NULL::outbox, item) AS owed
           ORDER BY position
           ON CONFLICT (key) DO UPDATE SET key = excluded.key WHERE outbox.state = 'pending'
           RETURNING id, key,
             CASE WHEN xmax <> 0 THEN to_jsonb(outbox) END AS "stored?: Json<OutboxMessage>""#,
        Json(rows(messages, false)) as _,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("outbox::enqueue"))?;
    let written = rows.into_iter().filter_map(|row| {
        let wanted = || messages.iter().find(|owed| owed.key == row.key).cloned();
        Some((OutboxId(row.id), row.stored.map(|stored| stored.0).or_else(wanted)?))
    });
    Ok(written.collect())
}

/// Which pending messages are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owed<'a> {
    /// Those of a turn, which has less than a page.
    Turn(TurnId),
    /// Those to chats in these buckets.
    To(&'a [i64]),
    /// Those to chats in these buckets that the instances which have stored them do not deliver.
    LeftTo(&'a [i64]),
}

/// Returns up to a page of pending messages that are at least `seconds` old, oldest first, behind `after`.
pub(crate) async fn pending(
    db: &Db,
    owed: Owed<'_>,
    seconds: f64,
    after: OutboxId,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (turn, buckets, left) = match owed {
        Owed::Turn(turn) => (Some(turn.0), None, false),
        Owed::To(buckets) => (None, Some(buckets), false),
        Owed::LeftTo(buckets) => (None, Some(buckets), true),
    };
    let rows = sqlx::query!(
        r#"SELECT id, to_jsonb(outbox) AS "owed!: Json<OutboxMessage>"
           FROM outbox WHERE state = 'pending' AND ($1::bigint IS NULL OR turn_id = $1)
             AND created_at <= now() - make_interval(secs => $2) AND id > $3
             AND ($5::bigint[] IS NULL OR chat_id & 1023 = ANY($5)) AND (NOT $6 OR left_to_holder) ORDER BY id LIMIT $4"#,
        turn,
        seconds,
        after.0,
        PAGE,
        buckets,
        left,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::pending"))?;
    Ok(rows.into_iter().map(|row| (OutboxId(row.id), row.owed.0)).collect())
}

/// A message that is still owed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pending {
    /// Whether Telegram was asked to send it before.
    pub begun: bool,
    /// Whether its chat is known to take nothing: the person has blocked the bot and not written since, or the
    /// bot was removed from the group after the message was written.
    pub shut_out: bool,
}

/// Returns what is known about a message, or `None` if it is no longer pending.
pub async fn look_up(db: &Db, id: OutboxId) -> Result<Option<Pending>, DbError> {
    sqlx::query_as!(
        Pending,
        r#"SELECT begun, EXISTS (SELECT 1 FROM users WHERE users.id = outbox.chat_id AND blocked_at IS NOT NULL)
                    OR EXISTS (SELECT 1 FROM chats WHERE chats.id = outbox.chat_id AND chats.id < 0
                                 AND removed_at > outbox.created_at) AS "shut_out!"
           FROM outbox WHERE id = $1 AND state = 'pending'"#,
        id.0,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("outbox::look_up"))
}

/// Records that Telegram is about to be asked to send a message; it then no longer replaces another.
pub async fn begin(db: &Db, id: OutboxId) -> Result<(), DbError> {
    sqlx::query!("UPDATE outbox SET begun = TRUE, replaces = NULL WHERE id = $1 AND NOT begun", id.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("outbox::begin"))?;
    Ok(())
}

/// Returns those of the given messages of a chat that are parts of answers, each with the question that was
/// answered. Answers that were replaced by another one are no longer in the conversation and left out.
pub async fn questions(
    db: &Db,
    chat: ChatId,
    messages: &[MessageId],
) -> Result<Vec<(MessageId, MessageId)>, DbError> {
    let messages: Vec<i32> = messages.iter().map(|message| message.0).collect();
    let rows = sqlx::query!(
        // LIMIT makes the planner search by chat and message id, even if it plans for an empty table.
        r#"SELECT wanted.id AS "message!", turns.question_id AS "question!"
           FROM unnest($2::integer[]) AS wanted (id)
           CROSS JOIN LATERAL (
             SELECT turn_id FROM outbox WHERE chat_id = $1 AND message_id = wanted.id LIMIT 1) AS part
           JOIN turns ON turns.id = part.turn_id AND NOT turns.retried
           UNION ALL
           -- An unfinished message that is still to be replaced.
           SELECT part.replaces, turns.question_id
           FROM outbox AS part JOIN turns ON turns.id = part.turn_id AND NOT turns.retried
           WHERE part.state = 'pending' AND part.chat_id = $1 AND part.replaces = ANY($2)"#,
        chat.0,
        &messages,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::questions"))?;
    Ok(rows.into_iter().map(|row| (MessageId(row.message), MessageId(row.question))).collect())
}

/// Records that Telegram has accepted the message.
pub async fn sent(db: &Db, id: OutboxId, message: MessageId) -> Result<(), DbError> {
    db.submit(&db.shared.marks, || MarkSent { id, message }).await
}

/// Records that the beginning of a message that was too long is in its chat as `message`, so that only `rest`
/// is owed.
pub async fn shorten(db: &Db, id: OutboxId, rest: &str, message: MessageId) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE outbox SET text = $2, entities = '[]', reply_to = NULL, replaces = NULL, after_id = $3, begun = TRUE
         WHERE id = $1 AND state = 'pending'",
        id.0,
        rest,
        message.0,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("outbox::shorten"))?;
    Ok(())
}

/// Records that Telegram refused the message for good. `shut_out` means that it refuses all our messages in
/// that chat, because the user or the group's administrators excluded the bot.
pub async fn refused(tx: &mut Tx<'_>, id: OutboxId, reason: &str, shut_out: bool) -> Result<(), DbError> {
    files_change(tx, id, false).await?;
    sqlx::query!(
        "UPDATE outbox SET state = 'refused', refusal = $2, shut_out = $3, settled_at = now()
         WHERE id = $1 AND state = 'pending'",
        id.0,
        reason,
        shut_out,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("outbox::refused"))?;
    Ok(())
}

/// Returns whether Telegram refused all messages of a turn although nobody excluded the bot.
pub async fn was_never_shown(tx: &mut Tx<'_>, turn: TurnId) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(bool_and(state = 'refused' AND NOT shut_out), FALSE) AS "never!"
           FROM outbox WHERE turn_id = $1"#,
        turn.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("outbox::was_never_shown"))
}

/// Leaves the delivery of messages to the holder of their chat.
pub(crate) async fn leave_to_holder(db: &Db, messages: &[OutboxId]) -> Result<(), DbError> {
    let ids: Vec<i64> = messages.iter().map(|id| id.0).collect();
    sqlx::query!("UPDATE outbox SET left_to_holder = TRUE WHERE id = ANY($1) AND state = 'pending'", &ids)
        .execute(db.pool())
        .await
        .map_err(DbError::at("outbox::leave_to_holder"))?;
    Ok(())
}

/// Returns turns behind `after` whose chats are in `buckets`, and that have a refused message and a charge that was
/// not returned. Few of them showed nothing at all.
pub(crate) async fn refusals(db: &Db, buckets: &[i64], after: TurnId) -> Result<Vec<TurnId>, DbError> {
    let turns = sqlx::query_scalar!(
        r#"SELECT DISTINCT turn_id AS "turn!" FROM outbox
           WHERE state = 'refused' AND NOT shut_out AND turn_id > $1 AND chat_id & 1023 = ANY($3)
             AND NOT EXISTS (SELECT 1 FROM balance_operations
                             WHERE balance_operations.turn_id = outbox.turn_id AND kind = 'return')
           ORDER BY turn_id LIMIT $2"#,
        after.0,
        PAGE,
        buckets,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::refusals"))?;
    Ok(turns.into_iter().map(TurnId).collect())
}

/// What of a turn's answer was enqueued while it grew.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EnqueuedParts {
    /// The texts of its parts, in order.
    pub texts: Vec<String>,
    /// Whether files were enqueued too.
    pub files: bool,
}

/// Returns what of a turn's answer was enqueued while it grew.
pub async fn enqueued_parts(db: &Db, turn: TurnId) -> Result<EnqueuedParts, DbError> {
    let rows = sqlx::query!(
        r#"SELECT text, key LIKE 'turn:%:files:%' AS "of_files!" FROM outbox WHERE turn_id = $1 ORDER BY id"#,
        turn.0
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::enqueued_parts"))?;
    let files = rows.iter().any(|row| row.of_files);
    let texts = rows.into_iter().filter(|row| !row.of_files).map(|row| row.text).collect();
    Ok(EnqueuedParts { texts, files })
}

/// Returns what has become of messages, in their order. One that was deleted counts as sent.
pub async fn fates(db: &Db, messages: &[OutboxId]) -> Result<Vec<FileFate>, DbError> {
    let ids: Vec<i64> = messages.iter().map(|id| id.0).collect();
    let rows = sqlx::query!("SELECT id, state, refusal FROM outbox WHERE id = ANY($1)", &ids)
        .fetch_all(db.pool())
        .await
        .map_err(DbError::at("outbox::fates"))?;
    let fate = |id: &i64| match rows.iter().find(|row| row.id == *id) {
        Some(row) if row.state == "pending" => FileFate::Pending,
        Some(row) if row.state == "refused" => FileFate::Refused(row.refusal.clone().unwrap_or_default()),
        _ => FileFate::Sent,
    };
    Ok(ids.iter().map(fate).collect())
}
