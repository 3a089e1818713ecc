//! Repository of the inbox: updates as received from Telegram. They are marked as handled together with their
//! effects, and deleted later.

pub(crate) mod routing;

use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, MessageId, UpdateId};

/// An update to store in the inbox.
#[derive(Clone, Debug)]
pub(crate) struct RawUpdate {
    /// Telegram's update id, the primary key.
    pub id: UpdateId,
    /// The name of the field that carries its content, such as `message`.
    pub kind: String,
    /// The update's JSON, unchanged.
    pub payload: String,
    /// Whether the bot ignores updates of this kind; such an update is stored as handled.
    pub ignored: bool,
    /// The new message that it contains, if any.
    pub message: Option<(ChatId, MessageId)>,
    /// The chat whose bucket decides who handles it.
    pub route: ChatId,
}

/// Stores all updates, or none on an error. Returns the ids of those not handled yet: new updates, and known
/// ones that still wait.
pub(crate) async fn store(db: &Db, updates: &[RawUpdate]) -> Result<Vec<UpdateId>, DbError> {
    // The instance that takes over gets them from Telegram once more.
    db.check_fence()?;
    let ids: Vec<i64> = updates.iter().map(|update| update.id.0).collect();
    let kinds: Vec<String> = updates.iter().map(|update| update.kind.clone()).collect();
    let payloads: Vec<String> = updates.iter().map(|update| update.payload.clone()).collect();
    let ignored: Vec<bool> = updates.iter().map(|update| update.ignored).collect();
    let chats: Vec<Option<i64>> = updates.iter().map(|update| Some(update.message?.0.0)).collect();
    let messages: Vec<Option<i32>> = updates.iter().map(|update| Some(update.message?.1.0)).collect();
    let routes: Vec<i64> = updates.iter().map(|update| update.route.0).collect();
    let fresh = sqlx::query_scalar!(
        "INSERT INTO inbox (update_id, kind, payload, handled_at, chat_id, message_id, route)
         SELECT id, kind, payload::json, CASE WHEN ignored THEN now() END, chat_id, message_id, route
         FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::bigint[], $6::integer[], $7::bigint[])
           AS new (id, kind, payload, ignored, chat_id, message_id, route)
         ON CONFLICT (update_id) DO UPDATE SET kind = excluded.kind WHERE inbox.handled_at IS NULL
         RETURNING update_id",
        &ids,
        &kinds,
        &payloads,
        &ignored,
        &chats as &[Option<i64>],
        &messages as &[Option<i32>],
        &routes,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("inbox::store"))?;
    Ok(fresh.into_iter().map(UpdateId).collect())
}

/// Marks an update as handled, in the transaction of its effects.
pub(crate) async fn handled(tx: &mut Tx<'_>, update: UpdateId) -> Result<(), DbError> {
    sqlx::query!("UPDATE inbox SET handled_at = now() WHERE update_id = $1", update.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("inbox::handled"))?;
    Ok(())
}

/// Returns whether an update is handled.
pub(crate) async fn is_handled(tx: &mut Tx<'_>, update: UpdateId) -> Result<bool, DbError> {
    let handled = sqlx::query_scalar!(
        r#"SELECT handled_at IS NOT NULL AS "handled!" FROM inbox WHERE update_id = $1"#,
        update.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("inbox::is_handled"))?;
    Ok(handled.unwrap_or(false))
}

/// Returns whether a message has not been handled yet.
pub(crate) async fn is_waiting(tx: &mut Tx<'_>, chat: ChatId, message: MessageId) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM inbox WHERE handled_at IS NULL AND kind = 'message'
           AND chat_id = $1 AND message_id = $2) AS "waiting!""#,
        chat.0,
        message.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("inbox::is_waiting"))
}

/// An update that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    /// Telegram's update id.
    pub id: UpdateId,
    /// The chat that routes it; `None` if the former version has stored it.
    pub route: Option<ChatId>,
    /// The update's JSON.
    pub payload: String,
}

/// Marks as in flight, and returns, up to `limit` waiting updates of `buckets` after `after` that were in flight in
/// fewer than `crashes` crashes, oldest first.
pub(crate) async fn take_up(
    db: &Db,
    buckets: &[i64],
    after: UpdateId,
    crashes: i32,
    limit: i64,
) -> Result<Vec<Waiting>, DbError> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
             UPDATE inbox SET in_flight = TRUE
             WHERE update_id IN (
               SELECT update_id FROM inbox
               WHERE handled_at IS NULL AND coalesce(route, 0) & 1023 = ANY($4) AND update_id > $1 AND crashes < $2
               ORDER BY update_id LIMIT $3)
             RETURNING update_id, route, payload
           )
           SELECT update_id, route, payload::text AS "payload!" FROM taken ORDER BY update_id"#,
        after.0,
        crashes,
        limit,
        buckets,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("inbox::take_up"))?;
    let waiting = |(id, route, payload): (_, Option<i64>, _)| Waiting {
        id: UpdateId(id),
        route: route.map(ChatId),
        payload,
    };
    Ok(rows.into_iter().map(|row| waiting((row.update_id, row.route, row.payload))).collect())
}

/// An update that was in flight in several crashes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Suspected {
    /// Telegram's update id.
    pub id: UpdateId,
    /// Number of crashes in which nothing else was in flight.
    pub crashes_alone: i32,
    /// The update's JSON.
    pub payload: String,
}

/// Returns waiting updates of `buckets` that were in flight in at least `crashes` crashes. Those with the fewest
/// crashes alone come first.
pub(crate) async fn suspected(db: &Db, buckets: &[i64], crashes: i32) -> Result<Vec<Suspected>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT update_id, crashes_alone, payload::text AS "payload!" FROM inbox
           WHERE handled_at IS NULL AND coalesce(route, 0) & 1023 = ANY($2) AND crashes >= $1
           ORDER BY crashes_alone, update_id"#,
        crashes,
        buckets,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("inbox::suspected"))?;
    let suspected = |(id, crashes_alone, payload)| Suspected { id: UpdateId(id), crashes_alone, payload };
    Ok(rows.into_iter().map(|row| suspected((row.update_id, row.crashes_alone, row.payload))).collect())
}

/// Marks a waiting update as in flight, `alone` if nothing else is. Returns its JSON, or `None` if it was
/// handled meanwhile.
pub(crate) async fn isolate(db: &Db, update: UpdateId, alone: bool) -> Result<Option<String>, DbError> {
    sqlx::query_scalar!(
        r#"UPDATE inbox SET in_flight = TRUE, alone = $2 WHERE update_id = $1 AND handled_at IS NULL
           RETURNING payload::text AS "payload!""#,
        update.0,
        alone,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("inbox::isolate"))
}

/// Returns up to `limit` updates of `buckets` older than `seconds` that are not in flight (`in_hand`), oldest
/// first. They were lost by a failed task. Counts a try for each.
pub(crate) async fn stranded(
    db: &Db,
    buckets: &[i64],
    seconds: f64,
    limit: i64,
    in_hand: &[i64],
) -> Result<Vec<(UpdateId, String)>, DbError> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
             UPDATE inbox SET tries = tries + 1
             WHERE update_id IN (
               SELECT update_id FROM inbox
               WHERE handled_at IS NULL AND coalesce(route, 0) & 1023 = ANY($4)
                 AND received_at < now() - make_interval(secs => $1) AND update_id <> ALL($3)
               ORDER BY update_id LIMIT $2)
             RETURNING update_id, payload
           )
           SELECT update_id, payload::text AS "payload!" FROM taken ORDER BY update_id"#,
        seconds,
        limit,
        in_hand,
        buckets,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("inbox::stranded"))?;
    Ok(rows.into_iter().map(|row| (UpdateId(row.update_id), row.payload)).collect())
}

/// An update that was abandoned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GivenUp {
    /// Telegram's update id.
    pub id: UpdateId,
    /// The new message that it contained, if any.
    pub message: Option<(ChatId, MessageId)>,
    /// The update's JSON, as text: it may contain escapes that `jsonb` refuses.
    pub payload: String,
}

/// Abandons updates of `buckets` that have used up their tries, or were in flight alone in `crashes_alone` crashes, and
/// are not in flight (`in_hand`). Payments are never abandoned.
pub(crate) async fn give_up(
    tx: &mut Tx<'_>,
    buckets: &[i64],
    (tries, crashes_alone): (i32, i32),
    in_hand: &[i64],
) -> Result<Vec<GivenUp>, DbError> {
    let rows = sqlx::query!(
        "UPDATE inbox SET handled_at = now(), given_up = TRUE
         WHERE handled_at IS NULL AND coalesce(route, 0) & 1023 = ANY($4) AND (tries >= $1 OR crashes_alone >= $2) AND update_id <> ALL($3)
           AND payload::text NOT LIKE '%\"successful_payment\"%' AND payload::text NOT LIKE '%\"refunded_payment\"%'
         RETURNING update_id, chat_id, message_id, payload::text AS \"payload!\"",
        tries,
        crashes_alone,
        in_hand,
        buckets,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("inbox::give_up"))?;
    let given_up = rows.into_iter().map(|row| GivenUp {
        id: UpdateId(row.update_id),
        message: row.chat_id.map(ChatId).zip(row.message_id.map(MessageId)),
        payload: row.payload,
    });
    Ok(given_up.collect())
}

/// Returns the JSON of an update that is not handled yet, or `None`.
pub(crate) async fn waiting(db: &Db, update: UpdateId) -> Result<Option<String>, DbError> {
    sqlx::query_scalar!(
        r#"SELECT payload::text AS "payload!" FROM inbox WHERE update_id = $1 AND handled_at IS NULL"#,
        update.0,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("inbox::waiting"))
}
