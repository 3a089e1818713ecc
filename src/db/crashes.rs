//! Repository of crashes: which turns and updates were in flight when the process died. Only the database knows that at
//! the next start.

use super::{Db, DbError};

/// What the last process left in flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crash {
    /// Turns that were being answered.
    pub turns: i64,
    /// Updates that were being handled.
    pub updates: i64,
}

/// Counts the crash that ended the last process for everything that was in flight then; nothing is in flight afterwards, so
/// a second count of the same crash finds nothing. If something ran alone, it is counted for that only.
pub(crate) async fn count(db: &Db) -> Result<Crash, DbError> {
    let row = sqlx::query!(
        r#"WITH open AS (
             SELECT id, alone FROM turns WHERE state = 'open' AND in_flight
           ), unhandled AS (
             SELECT update_id, alone FROM inbox WHERE handled_at IS NULL AND in_flight
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
           SELECT (SELECT count(*) FROM counted_turns) AS "turns!", (SELECT count(*) FROM counted_updates) AS "updates!""#
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("crashes::count"))?;
    Ok(Crash { turns: row.turns, updates: row.updates })
}

/// Notes that the process ends in an orderly way: what is left is for the next start, and was in flight in no crash.
pub(crate) async fn none(db: &Db) -> Result<(), DbError> {
    sqlx::query!(
        "WITH open AS (
           UPDATE turns SET in_flight = FALSE, alone = FALSE WHERE state = 'open' AND in_flight
         )
         UPDATE inbox SET in_flight = FALSE, alone = FALSE WHERE handled_at IS NULL AND in_flight"
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("crashes::none"))?;
    Ok(())
}
