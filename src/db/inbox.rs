//! Repository of the inbox: updates as Telegram sent them, until their effects are committed.

use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, MessageId, UpdateId};

/// An update on its way into the inbox.
#[derive(Clone, Debug)]
pub(crate) struct RawUpdate {
    /// Its key.
    pub id: UpdateId,
    /// The name of the field that carries its content, such as `message`.
    pub kind: String,
    /// The whole update as it came: JSON.
    pub payload: String,
    /// Whether nobody will handle it, so that it is stored as done.
    pub ignored: bool,
    /// The message that it brings, if it brings a new one.
    pub message: Option<(ChatId, MessageId)>,
}

/// Stores updates, all or none; returns the ids that nobody has handled: the new ones, and old ones that still wait.
pub(crate) async fn store(db: &Db, updates: &[RawUpdate]) -> Result<Vec<UpdateId>, DbError> {
    let ids: Vec<i64> = updates.iter().map(|update| update.id.0).collect();
    let kinds: Vec<String> = updates.iter().map(|update| update.kind.clone()).collect();
    let payloads: Vec<String> = updates.iter().map(|update| update.payload.clone()).collect();
    let ignored: Vec<bool> = updates.iter().map(|update| update.ignored).collect();
    let chats: Vec<Option<i64>> = updates.iter().map(|update| Some(update.message?.0.0)).collect();
    let messages: Vec<Option<i32>> = updates.iter().map(|update| Some(update.message?.1.0)).collect();
    let fresh = sqlx::query_scalar!(
        "INSERT INTO inbox (update_id, kind, payload, handled_at, chat_id, message_id)
         SELECT id, kind, payload::json, CASE WHEN ignored THEN now() END, chat_id, message_id
         FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::bigint[], $6::integer[])
           AS new (id, kind, payload, ignored, chat_id, message_id)
         ON CONFLICT (update_id) DO UPDATE SET kind = excluded.kind WHERE inbox.handled_at IS NULL
         RETURNING update_id",
        &ids,
        &kinds,
        &payloads,
        &ignored,
        &chats as &[Option<i64>],
        &messages as &[Option<i32>],
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("inbox::store"))?;
    Ok(fresh.into_iter().map(UpdateId).collect())
}

/// Marks an update as handled, together with its effects.
pub(crate) async fn handled(tx: &mut Tx<'_>, update: UpdateId) -> Result<(), DbError> {
    sqlx::query!("UPDATE inbox SET handled_at = now() WHERE update_id = $1", update.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("inbox::handled"))?;
    Ok(())
}

/// Updates after `after` that wait to be handled and were in flight in fewer than so many crashes, oldest first. They are
/// in flight from now on.
pub(crate) async fn take_up(
    db: &Db,
    after: UpdateId,
    crashes: i32,
    limit: i64,
) -> Result<Vec<(UpdateId, String)>, DbError> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
             UPDATE inbox SET in_flight = TRUE
             WHERE update_id IN (
               SELECT update_id FROM inbox
               WHERE handled_at IS NULL AND update_id > $1 AND crashes < $2 ORDER BY update_id LIMIT $3)
             RETURNING update_id, payload
           )
           SELECT update_id, payload::text AS "payload!" FROM taken ORDER BY update_id"#,
        after.0,
        crashes,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("inbox::take_up"))?;
    Ok(rows.into_iter().map(|row| (UpdateId(row.update_id), row.payload)).collect())
}

/// An update that was in flight in several crashes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Suspected {
    /// Its number.
    pub id: UpdateId,
    /// In how many crashes nothing else was in flight.
    pub crashes_alone: i32,
    /// Its JSON.
    pub payload: String,
}

/// Updates that wait to be handled and were in flight in at least so many crashes, with the number of those in which
/// nothing else was; the least suspicious first.
pub(crate) async fn suspected(db: &Db, crashes: i32) -> Result<Vec<Suspected>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT update_id, crashes_alone, payload::text AS "payload!" FROM inbox
           WHERE handled_at IS NULL AND crashes >= $1 ORDER BY crashes_alone, update_id"#,
        crashes,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("inbox::suspected"))?;
    let suspected = |(id, crashes_alone, payload)| Suspected { id: UpdateId(id), crashes_alone, payload };
    Ok(rows.into_iter().map(|row| suspected((row.update_id, row.crashes_alone, row.payload))).collect())
}

/// Notes that an update is in flight and nothing else (`alone`), or that others are again; returns it if it still waits.
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

/// Updates that have waited for so many seconds, oldest first, but for those that somebody has `in_hand`: whoever had
/// them has lost them. Each look counts as a try.
pub(crate) async fn stranded(
    db: &Db,
    seconds: f64,
    limit: i64,
    in_hand: &[i64],
) -> Result<Vec<(UpdateId, String)>, DbError> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
             UPDATE inbox SET tries = tries + 1
             WHERE update_id IN (
               SELECT update_id FROM inbox
               WHERE handled_at IS NULL AND received_at < now() - make_interval(secs => $1)
                 AND update_id <> ALL($3)
               ORDER BY update_id LIMIT $2)
             RETURNING update_id, payload
           )
           SELECT update_id, payload::text AS "payload!" FROM taken ORDER BY update_id"#,
        seconds,
        limit,
        in_hand,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("inbox::stranded"))?;
    Ok(rows.into_iter().map(|row| (UpdateId(row.update_id), row.payload)).collect())
}

/// An update that is not tried any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GivenUp {
    /// Its number.
    pub id: UpdateId,
    /// The message that it brought, if it did.
    pub message: Option<(ChatId, MessageId)>,
    /// All of it: JSON that the database cannot look into, because it may hold escapes that no text can.
    pub payload: String,
}

/// Gives up updates that were tried so often or were alone in flight in so many crashes, but for those that somebody has
/// `in_hand`. Payments are never given up.
pub(crate) async fn give_up(
    tx: &mut Tx<'_>,
    tries: i32,
    crashes_alone: i32,
    in_hand: &[i64],
) -> Result<Vec<GivenUp>, DbError> {
    let rows = sqlx::query!(
        "UPDATE inbox SET handled_at = now(), given_up = TRUE
         WHERE handled_at IS NULL AND (tries >= $1 OR crashes_alone >= $2) AND update_id <> ALL($3)
           AND payload::text NOT LIKE '%\"successful_payment\"%' AND payload::text NOT LIKE '%\"refunded_payment\"%'
         RETURNING update_id, chat_id, message_id, payload::text AS \"payload!\"",
        tries,
        crashes_alone,
        in_hand,
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

/// One update that waits, if it still does.
pub(crate) async fn waiting(db: &Db, update: UpdateId) -> Result<Option<String>, DbError> {
    sqlx::query_scalar!(
        r#"SELECT payload::text AS "payload!" FROM inbox WHERE update_id = $1 AND handled_at IS NULL"#,
        update.0,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("inbox::waiting"))
}
