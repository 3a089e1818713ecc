//! Repository of crashes: which turns and updates were in flight when a process died. Only the database knows.

use super::{DbError, Tx};
use crate::domain::ids::InstanceId;

/// The work that a process left in flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Crash {
    /// Number of turns that were being answered.
    pub turns: i64,
    /// Number of updates that were being handled.
    pub updates: i64,
}

/// Counts the crash of an instance for everything that was in flight in the buckets that it holds; of an instance
/// of the former version (`None`), for everything. If something was in flight alone, the crash counts for that
/// only. Idempotent: nothing is in flight afterwards.
pub(crate) async fn count(tx: &mut Tx<'_>, instance: Option<InstanceId>) -> Result<Crash, DbError> {
    let row = sqlx::query!(
        r#"WITH open AS (
             SELECT id, alone FROM turns WHERE state = 'open' AND in_flight
               AND ($1::bigint IS NULL OR epoch IN (SELECT epoch FROM leases WHERE holder = $1))
           ), unhandled AS (
             SELECT update_id, alone FROM inbox WHERE handled_at IS NULL AND in_flight
               AND ($1::bigint IS NULL OR coalesce(route, 0) & 1023 IN (SELECT bucket FROM leases WHERE holder = $1))
           ), crash AS (
             SELECT coalesce(bool_or(alone), FALSE) AS of_one, count(*) = 1 AS single
             FROM (SELECT alone FROM open UNION ALL SELECT alone FROM unhandled) AS found
           ), counted_turns AS (
             UPDATE turns SET in_flight = FALSE, alone = FALSE,
               crashes = crashes + (turns.alone OR NOT of_one)::int,
               crashes_alone = crashes_alone + (turns.alone OR single)::int
             FROM crash, open WHERE turns.id = open.id RETURNING turns.id
           ), counted_updates AS (
             UPDATE inbox SET in_flight = FALSE, alone = FALSE,
               crashes = crashes + (inbox.alone OR NOT of_one)::int,
               crashes_alone = crashes_alone + (inbox.alone OR single)::int
             FROM crash, unhandled WHERE inbox.update_id = unhandled.update_id RETURNING inbox.update_id
           )
           SELECT (SELECT count(*) FROM counted_turns) AS "turns!", (SELECT count(*) FROM counted_updates) AS "updates!""#,
        instance.map(|instance| instance.0),
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("crashes::count"))?;
    Ok(Crash { turns: row.turns, updates: row.updates })
}

/// Records an orderly shutdown of an instance, so that remaining work in its buckets is not counted as lost in a
/// crash.
pub(crate) async fn clear(tx: &mut Tx<'_>, instance: InstanceId) -> Result<(), DbError> {
    sqlx::query!(
        "WITH held AS (SELECT bucket, epoch FROM leases WHERE holder = $1), open AS (
           UPDATE turns SET in_flight = FALSE, alone = FALSE
           WHERE state = 'open' AND in_flight AND epoch IN (SELECT epoch FROM held)
         )
         UPDATE inbox SET in_flight = FALSE, alone = FALSE
         WHERE handled_at IS NULL AND in_flight AND coalesce(route, 0) & 1023 IN (SELECT bucket FROM held)",
        instance.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("crashes::clear"))?;
    Ok(())
}
