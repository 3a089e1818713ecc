//! Messages that may have been sent although no answer of Telegram is known: the ids that they may have.

use crate::db::{Db, DbError};
use crate::domain::ids::{ChatId, MessageId, OutboxId};

/// The messages that people may have sent to private chats, and of which nothing has arrived yet.
const ON_THEIR_WAY: i64 = 4;

/// Returns ids under which a crashed process may have sent this message, the likeliest first: unknown ids after
/// the last message known to precede it, at most `limit`, in private chats twice as many unless it is 1. `id` is the
/// message's own row, if it has one.
///
/// Private chats share one counter, so beyond the last known id there can be only as many as are being sent, and a
/// few of people; and what was sent got its ids about in the order of the rows. The recipients of an announcement
/// are not counted, and in groups not all messages of people are seen, so there `limit` ids are possible, in their
/// order.
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
           ), unknown AS (
             SELECT CASE
               WHEN $2 < 0 OR EXISTS (SELECT FROM announcements WHERE state IN ('sending', 'stopping')) THEN $4::bigint
               ELSE least(2 * $4::bigint, $5
                 + (SELECT coalesce(sum(coalesce(jsonb_array_length(media), 1)), 0) FROM outbox
                    WHERE state = 'pending' AND begun AND chat_id > 0)
                 + (SELECT count(*) FROM turns WHERE state = 'open' AND live_begun AND live_message_id IS NULL))
             END::integer AS most
           ), candidate AS (
             SELECT number, row_number() OVER (ORDER BY number) AS place
             FROM before, unknown, generate_series(before.id + 1,
                    greatest(before.id, (SELECT max(message_id) FROM known))::integer + unknown.most) AS number
             WHERE number NOT IN (SELECT message_id FROM known)
           ), expected AS (
             SELECT count(*) + 1 AS place FROM outbox WHERE state = 'pending' AND begun AND chat_id > 0 AND id < $1
           )
           SELECT number AS "number!" FROM candidate, expected
           ORDER BY CASE WHEN $2 > 0 AND $1 IS NOT NULL THEN abs(candidate.place - expected.place) END, number
           LIMIT CASE WHEN $2 > 0 AND $4::bigint > 1 THEN 2 * $4 ELSE $4 END"#,
        id.map(|id| id.0),
        chat.0,
        after.map(|message| message.0),
        limit,
        ON_THEIR_WAY,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::candidate_ids"))?;
    Ok(numbers.into_iter().map(MessageId).collect())
}
