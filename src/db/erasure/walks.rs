//! Erasure in tables that have no index by person: a walk looks at all rows, page by page.

use super::super::{Db, DbError};
use crate::domain::ids::UserId;

/// One step of a walk over a table that has no index by person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WalkedTo {
    /// The key of the last row that was looked at; `None` at the end.
    pub last: Option<i64>,
}

/// Looks at up to `limit` messages behind `after` that the bot owes or has sent, and empties those for a person. What
/// is still owed is not sent any more.
pub(crate) async fn walk_outbox(db: &Db, user: UserId, after: i64, limit: i64) -> Result<WalkedTo, DbError> {
    let last = sqlx::query_scalar!(
        "WITH page AS (
           SELECT id, (chat_id = $1 OR owner_id = $1 OR EXISTS (
                        SELECT 1 FROM turns_of_people
                        WHERE turns_of_people.turn_id = outbox.turn_id AND person_id = $1))
                      AND (text <> '' OR entities <> '[]' OR keyboard IS NOT NULL OR media IS NOT NULL
                           OR instead IS NOT NULL OR refusal IS NOT NULL OR state = 'pending') AS due
           FROM outbox WHERE id > $2 ORDER BY id LIMIT $3
         ), emptied AS (
           UPDATE outbox SET text = '', entities = '[]', keyboard = NULL, media = NULL, instead = NULL, refusal = NULL,
             shut_out = shut_out OR state = 'pending', settled_at = coalesce(settled_at, now()),
             state = CASE state WHEN 'pending' THEN 'refused' ELSE state END
           WHERE id = ANY(ARRAY(SELECT id FROM page WHERE due))
         )
         SELECT max(id) FROM page",
        user.0,
        after,
        limit,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("erasure::walk_outbox"))?;
    Ok(WalkedTo { last })
}

/// Looks at up to `limit` updates behind `after`, and empties those that are handled and name a person or repeat an
/// answer that the person got, because somebody replies to it.
pub(crate) async fn walk_inbox(db: &Db, user: UserId, after: i64, limit: i64) -> Result<WalkedTo, DbError> {
    let last = sqlx::query_scalar!(
        r#"WITH page AS (
             SELECT update_id, handled_at IS NOT NULL
                      AND (payload::text ~ ('"(user_)?id" *: *' || $1::bigint::text || '\D') OR EXISTS (
                        SELECT 1 FROM outbox JOIN turns_of_people ON turns_of_people.turn_id = outbox.turn_id
                        WHERE outbox.chat_id = inbox.chat_id AND person_id = $1
                          AND outbox.message_id = (coalesce(payload -> 'message', payload -> 'edited_message')
                                                   -> 'reply_to_message' ->> 'message_id')::integer)) AS due
             FROM inbox WHERE update_id > $2 ORDER BY update_id LIMIT $3
           ), emptied AS (
             UPDATE inbox SET payload = '{}' WHERE update_id = ANY(ARRAY(SELECT update_id FROM page WHERE due))
           )
           SELECT max(update_id) FROM page"#,
        user.0,
        after,
        limit,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("erasure::walk_inbox"))?;
    Ok(WalkedTo { last })
}
