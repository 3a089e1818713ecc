//! Repository of the outbox: messages owed to chats, kept until Telegram has accepted them.

use sqlx::types::Json;

pub use super::outbox_rows::OutboxMessage;
use super::outbox_rows::{MarkSent, StoredMessage, rows};
use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, InvoiceId, MessageId, OutboxId, TopicId, TurnId};

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
        r#"INSERT INTO outbox (key, chat_id, topic_id, turn_id, text, entities, reply_to, replaces, keyboard,
                             invoice_id, after_id, begun, silent)
         SELECT key, chat_id, topic_id, turn_id, text, entities, reply_to, replaces, keyboard, invoice_id, after_id,
                begun, silent
         FROM jsonb_to_recordset($1) AS owed (
           position integer, key text, chat_id bigint, topic_id integer, turn_id bigint, text text, entities jsonb,
           reply_to integer, replaces integer, keyboard jsonb, invoice_id bigint, after_id integer, begun boolean,
           silent boolean)
         ORDER BY position
         ON CONFLICT (key) DO UPDATE SET key = excluded.key WHERE outbox.state = 'pending'
         RETURNING id, key, text, entities, keyboard, invoice_id"#,
        Json(rows(messages, false)) as _,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("outbox::enqueue"))?;
    let written = rows.into_iter().filter_map(|row| {
        let stood = StoredMessage {
            text: row.text,
            entities: row.entities,
            keyboard: row.keyboard,
            invoice: row.invoice_id,
        };
        let wanted = messages.iter().find(|owed| owed.key == row.key)?;
        Some((OutboxId(row.id), stood.of(wanted)))
    });
    Ok(written.collect())
}

/// Returns up to a page of pending messages that are at least `seconds` old, oldest first, behind `after`:
/// those of a turn, which has less than a page, or all.
pub async fn pending(
    db: &Db,
    turn: Option<TurnId>,
    seconds: f64,
    after: OutboxId,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let rows = sqlx::query!(
        "SELECT id, key, chat_id, topic_id, turn_id, text, entities, reply_to, replaces, keyboard, invoice_id,
                after_id, silent
         FROM outbox WHERE state = 'pending' AND ($1::bigint IS NULL OR turn_id = $1)
           AND created_at <= now() - make_interval(secs => $2) AND id > $3 ORDER BY id LIMIT $4",
        turn.map(|turn| turn.0),
        seconds,
        after.0,
        PAGE,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::pending"))?;
    let pending = rows.into_iter().map(|row| {
        let topic = row.topic_id.map(TopicId);
        let owed = OutboxMessage {
            turn: row.turn_id.map(TurnId),
            reply_to: row.reply_to.map(MessageId),
            replaces: row.replaces.map(MessageId),
            keyboard: row.keyboard,
            invoice: row.invoice_id.map(InvoiceId),
            after: row.after_id.map(MessageId),
            silent: row.silent,
            ..OutboxMessage::new(row.key, ChatId(row.chat_id), topic, (row.text, row.entities))
        };
        (OutboxId(row.id), owed)
    });
    Ok(pending.collect())
}

/// Returns whether Telegram was asked to send a message before, or `None` if the message is no longer
/// pending.
pub async fn begun_if_pending(db: &Db, id: OutboxId) -> Result<Option<bool>, DbError> {
    sqlx::query_scalar!("SELECT begun FROM outbox WHERE id = $1 AND state = 'pending'", id.0)
        .fetch_optional(db.pool())
        .await
        .map_err(DbError::at("outbox::begun_if_pending"))
}

/// Records that Telegram is about to be asked to send a message; it then no longer replaces another.
pub async fn begin(db: &Db, id: OutboxId) -> Result<(), DbError> {
    sqlx::query!("UPDATE outbox SET begun = TRUE, replaces = NULL WHERE id = $1 AND NOT begun", id.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("outbox::begin"))?;
    Ok(())
}

/// Returns ids under which a crashed process may have sent this message: unknown ids after the last message
/// known to precede it. Private chats share one counter. `id` is the message's own row, if it has one.
pub async fn candidate_ids(
    db: &Db,
    id: Option<OutboxId>,
    chat: ChatId,
    after: Option<MessageId>,
    limit: i64,
) -> Result<Vec<MessageId>, DbError> {
    let numbers = sqlx::query_scalar!(
        r#"WITH before AS (
             SELECT greatest($3, (SELECT max(message_id) FROM outbox
                                  WHERE chat_id = $2 AND state = 'sent' AND id < $1 AND id > $1 - 100000)) AS id
           ), known AS (
             SELECT message_id FROM outbox
             WHERE state = 'sent' AND id > coalesce($1, (SELECT max(id) FROM outbox)) - 10000 AND (chat_id = $2 OR (chat_id > 0 AND $2 > 0))
             UNION ALL
             SELECT message_id FROM inbox
             WHERE update_id > (SELECT max(update_id) - 10000 FROM inbox) AND message_id IS NOT NULL
               AND (chat_id = $2 OR (chat_id > 0 AND $2 > 0))
             UNION ALL
             SELECT replaces FROM outbox WHERE state = 'pending' AND chat_id = $2 AND replaces IS NOT NULL
             UNION ALL
             SELECT live_message_id FROM turns JOIN threads ON threads.id = thread_id
             WHERE state = 'open' AND chat_id = $2 AND live_message_id IS NOT NULL
           )
           SELECT number AS "number!"
           FROM before, generate_series(before.id + 1,
                          greatest(before.id, (SELECT max(message_id) FROM known))::integer + $4::integer) AS number
           WHERE number NOT IN (SELECT message_id FROM known) ORDER BY number LIMIT $5"#,
        id.map(|id| id.0),
        chat.0,
        after.map(|message| message.0),
        i32::try_from(limit).unwrap_or(i32::MAX),
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::candidate_ids"))?;
    Ok(numbers.into_iter().map(MessageId).collect())
}

/// Returns those of the given messages of a chat that are parts of answers, each with the question that was
/// answered.
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
           JOIN turns ON turns.id = part.turn_id
           UNION ALL
           -- An unfinished message that is still to be replaced.
           SELECT part.replaces, turns.question_id
           FROM outbox AS part JOIN turns ON turns.id = part.turn_id
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

/// Returns turns behind `after` that have a refused message and a charge that was not returned. Few of them
/// showed nothing at all.
pub async fn refusals(db: &Db, after: TurnId) -> Result<Vec<TurnId>, DbError> {
    let turns = sqlx::query_scalar!(
        r#"SELECT DISTINCT turn_id AS "turn!" FROM outbox
           WHERE state = 'refused' AND NOT shut_out AND turn_id > $1
             AND NOT EXISTS (SELECT 1 FROM balance_operations
                             WHERE balance_operations.turn_id = outbox.turn_id AND kind = 'return')
           ORDER BY turn_id LIMIT $2"#,
        after.0,
        PAGE,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::refusals"))?;
    Ok(turns.into_iter().map(TurnId).collect())
}

/// The texts of a turn's parts that were promised to the chat, in order.
pub async fn promised_parts(db: &Db, turn: TurnId) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar!("SELECT text FROM outbox WHERE turn_id = $1 ORDER BY id", turn.0)
        .fetch_all(db.pool())
        .await
        .map_err(DbError::at("outbox::promised_parts"))
}
