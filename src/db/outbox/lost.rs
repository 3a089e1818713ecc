//! Messages that may have been sent although no answer of Telegram is known: the ids that they may have.

use crate::db::{Db, DbError};
use crate::domain::ids::{ChatId, MessageId, OutboxId};

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
             -- The messages of an album have numbers in a row.
             SELECT generate_series(message_id, message_id + coalesce(jsonb_array_length(media), 1) - 1) AS message_id FROM outbox
             WHERE state = 'sent' AND id > coalesce($1, (SELECT max(id) FROM outbox)) - 10000
               AND (chat_id = $2 OR (chat_id > 0 AND $2 > 0))
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
