//! Repository of what may go: rows that have served their purpose, deleted in batches so that no statement locks or
//! logs much. Money is never touched: turns, their calls, operations, payments and invoices stay for ever.

use chrono::{DateTime, Utc};

use super::{Db, DbError};

/// What is cleaned up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// What people and the bot said, the files that came with it, and what was written down while an answer grew, as far
    /// as the statistics have left it.
    Messages,
    /// Updates that were handled.
    Updates,
    /// Messages that were delivered or refused.
    Deliveries,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Messages, Self::Updates, Self::Deliveries];

    /// The label name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Updates => "updates",
            Self::Deliveries => "deliveries",
        }
    }
}

/// Deletes up to `batch` rows of a kind that were done before a time; returns how many. A conversation that loses
/// messages gets a new version, so that no cache shows them any longer. Turns that are open keep everything. The rows are
/// named by an array, because a plan that does not know how small a batch is would read the whole table for each.
pub async fn delete(db: &Db, kind: Kind, before: DateTime<Utc>, batch: i64) -> Result<u64, DbError> {
    let deleted = match kind {
        Kind::Messages => sqlx::query!(
            "WITH gone AS (
                   DELETE FROM messages WHERE id = ANY(ARRAY(
                     SELECT messages.id FROM messages JOIN turns ON turns.id = messages.turn_id
                     WHERE messages.created_at < $1 AND turns.state <> 'open' ORDER BY messages.id LIMIT $2))
                   RETURNING thread_id
                 ), checkpoint AS (
                   DELETE FROM checkpoints WHERE written_at < $1
                     AND (SELECT closed_at FROM turns WHERE turns.id = checkpoints.turn_id) IS NOT NULL
                 ), changed AS (
                   UPDATE threads SET history_version = history_version + 1
                   WHERE id IN (SELECT thread_id FROM gone)
                 )
                 SELECT thread_id FROM gone",
            before,
            batch,
        )
        .fetch_all(db.pool())
        .await
        .map(|gone| gone.len() as u64),
        Kind::Updates => sqlx::query!(
            "DELETE FROM inbox WHERE update_id = ANY(ARRAY(
               SELECT update_id FROM inbox WHERE handled_at < $1 ORDER BY update_id LIMIT $2))",
            before,
            batch,
        )
        .execute(db.pool())
        .await
        .map(|done| done.rows_affected()),
        Kind::Deliveries => sqlx::query!(
            "DELETE FROM outbox WHERE id = ANY(ARRAY(
               SELECT id FROM outbox WHERE state <> 'pending' AND settled_at < $1 ORDER BY id LIMIT $2))",
            before,
            batch,
        )
        .execute(db.pool())
        .await
        .map(|done| done.rows_affected()),
    };
    deleted.map_err(DbError::at("retention::delete"))
}
