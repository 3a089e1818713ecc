//! Updates that wait for the instance that holds their chat.

use super::super::{Db, DbError};
use crate::domain::ids::{ChatId, UpdateId};

/// Returns up to `limit` waiting updates of `buckets` behind `after` that were in flight in fewer than `crashes`
/// crashes, oldest first, each with the chat that routes it.
pub(crate) async fn waiting(
    db: &Db,
    buckets: &[i64],
    (after, limit): (UpdateId, i64),
    crashes: i32,
) -> Result<Vec<(UpdateId, Option<ChatId>)>, DbError> {
    let rows = sqlx::query!(
        "SELECT update_id, route FROM inbox
         WHERE handled_at IS NULL AND coalesce(route, 0) & 1023 = ANY($1) AND update_id > $2 AND crashes < $4
         ORDER BY update_id LIMIT $3",
        buckets,
        after.0,
        limit,
        crashes,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("routing::waiting"))?;
    Ok(rows.into_iter().map(|row| (UpdateId(row.update_id), row.route.map(ChatId))).collect())
}

/// Marks waiting updates as in flight, and returns them in order, each with its age in seconds.
pub(crate) async fn take(db: &Db, updates: &[UpdateId]) -> Result<Vec<(UpdateId, String, f64)>, DbError> {
    let ids: Vec<i64> = updates.iter().map(|update| update.0).collect();
    let rows = sqlx::query!(
        r#"WITH taken AS (
             UPDATE inbox SET in_flight = TRUE WHERE update_id = ANY($1) AND handled_at IS NULL
             RETURNING update_id, payload, received_at
           )
           SELECT update_id, payload::text AS "payload!",
                  extract(epoch FROM clock_timestamp() - received_at)::double precision AS "age_s!"
           FROM taken ORDER BY update_id"#,
        &ids,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("routing::take"))?;
    Ok(rows.into_iter().map(|row| (UpdateId(row.update_id), row.payload, row.age_s)).collect())
}

/// Records which chat routes an update that an instance of the former version has stored.
pub(crate) async fn set(db: &Db, update: UpdateId, route: ChatId) -> Result<(), DbError> {
    sqlx::query!("UPDATE inbox SET route = $2 WHERE update_id = $1 AND route IS NULL", update.0, route.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("routing::set"))?;
    Ok(())
}
