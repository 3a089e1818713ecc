//! Repository of write-behind records: statistics, tool calls, checkpoints. Its statements ignore what is
//! stored already, so a batch may be applied any number of times.

use std::collections::BTreeMap;

use super::{Db, DbError, Tx, tool_calls};
use crate::domain::ids::TurnId;
use crate::domain::record::{Checkpoint, Record};

/// Applies a batch of records of any kind.
pub async fn apply(tx: &mut Tx<'_>, records: &[Record]) -> Result<(), DbError> {
    let (mut turns, mut calls, mut marks) = (Vec::new(), Vec::new(), BTreeMap::new());
    for record in records {
        match record {
            Record::UserStats { turn } => turns.push(turn.0),
            Record::ToolCall(call) => calls.push(call.clone()),
            Record::Checkpoint(mark) => {
                let newest: &mut &Checkpoint = marks.entry(mark.turn).or_insert(mark);
                if (mark.attempt, mark.sequence) > (newest.attempt, newest.sequence) {
                    *newest = mark;
                }
            }
        }
    }
    if !turns.is_empty() {
        count(tx, turns).await?;
    }
    if !calls.is_empty() {
        tool_calls::write(&mut **tx, &calls).await?;
    }
    if !marks.is_empty() {
        checkpoints(tx, marks.into_values()).await?;
    }
    Ok(())
}

/// Adds closed turns to the statistics of their users, each once, and deletes their checkpoints. The figures
/// come from the books.
async fn count(tx: &mut Tx<'_>, mut turns: Vec<i64>) -> Result<(), DbError> {
    // Sorted, so that two batches with the same turns wait for each other instead of deadlocking.
    turns.sort_unstable();
    // In a statement of its own: one that waits for a charge that is being given back would count what was before.
    let due = sqlx::query_scalar!(
        "SELECT id FROM turns WHERE id = ANY($1) AND closed_at IS NOT NULL AND NOT counted ORDER BY id FOR UPDATE",
        &turns,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("records::due"))?;
    sqlx::query!(
        "WITH due AS (
           UPDATE turns SET counted = TRUE WHERE id = ANY($1)
           RETURNING turns.id, turns.thread_id, turns.closed_at, turns.asker_id, turns.payer_id
         ), over AS (
           DELETE FROM checkpoints USING due WHERE checkpoints.turn_id = due.id
         )
         INSERT INTO user_statistics (user_id, day, turns, messages, input, cache_write, cache_read, output, cost)
         SELECT coalesce(due.payer_id, due.asker_id, threads.user_id), (due.closed_at AT TIME ZONE 'UTC')::date, count(*),
                coalesce(sum(said.messages), 0), coalesce(sum(used.input), 0), coalesce(sum(used.cache_write), 0),
                coalesce(sum(used.cache_read), 0), coalesce(sum(used.output), 0), coalesce(sum(used.cost), 0)
         FROM due JOIN threads ON threads.id = due.thread_id
         CROSS JOIN LATERAL (
           SELECT count(*) AS messages FROM messages WHERE turn_id = due.id AND role = 'user'
         ) AS said
         CROSS JOIN LATERAL (
           SELECT sum(input) AS input, sum(cache_write_5m + cache_write_1h) AS cache_write,
                  sum(cache_read) AS cache_read, sum(output) AS output,
                  sum(cost) FILTER (WHERE payer = 'user') AS cost
           FROM model_calls WHERE turn_id = due.id
         ) AS used
         GROUP BY 1, 2 ORDER BY 1, 2
         ON CONFLICT (user_id, day) DO UPDATE SET turns = user_statistics.turns + excluded.turns,
           messages = user_statistics.messages + excluded.messages, input = user_statistics.input + excluded.input,
           cache_write = user_statistics.cache_write + excluded.cache_write,
           cache_read = user_statistics.cache_read + excluded.cache_read,
           output = user_statistics.output + excluded.output, cost = user_statistics.cost + excluded.cost",
        &due,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("records::count"))?;
    Ok(())
}

/// Stores at most one checkpoint per turn, in the order of turns. Skips turns that are closed.
async fn checkpoints(tx: &mut Tx<'_>, marks: impl Iterator<Item = &Checkpoint>) -> Result<(), DbError> {
    let (mut turns, mut attempts, mut sequences) = (Vec::new(), Vec::new(), Vec::new());
    let mut texts = Vec::new();
    for mark in marks {
        turns.push(mark.turn.0);
        attempts.push(mark.attempt);
        sequences.push(mark.sequence);
        texts.push(mark.text.clone());
    }
    sqlx::query!(
        "INSERT INTO checkpoints (turn_id, attempt, sequence, text)
         SELECT new.turn_id, new.attempt, new.sequence, new.text
         FROM UNNEST($1::bigint[], $2::integer[], $3::integer[], $4::text[])
           AS new (turn_id, attempt, sequence, text)
         LEFT JOIN turns ON turns.id = new.turn_id
         WHERE turns.id IS NULL OR turns.state = 'open' ORDER BY new.turn_id
         ON CONFLICT (turn_id) DO UPDATE SET attempt = excluded.attempt, sequence = excluded.sequence,
           text = excluded.text, written_at = now()
         WHERE (checkpoints.attempt, checkpoints.sequence) < (excluded.attempt, excluded.sequence)",
        &turns,
        &attempts,
        &sequences,
        &texts,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("records::checkpoints"))?;
    Ok(())
}

/// Returns turns closed at least `seconds` ago that no statistics include, because a crash or a flush of
/// Redis lost their record. Excludes turns whose record is a dead letter.
pub async fn uncounted(db: &Db, seconds: f64, limit: i64) -> Result<Vec<TurnId>, DbError> {
    let turns = sqlx::query_scalar!(
        "SELECT id FROM turns WHERE closed_at <= now() - make_interval(secs => $1) AND NOT counted
           AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE item_id = 'user_stats:' || turns.id)
         ORDER BY id LIMIT $2",
        seconds,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("records::uncounted"))?;
    Ok(turns.into_iter().map(TurnId).collect())
}

/// Returns the newest stored checkpoint of an open turn, if any.
pub async fn checkpoint(db: &Db, turn: TurnId) -> Result<Option<Checkpoint>, DbError> {
    let row = sqlx::query!("SELECT attempt, sequence, text FROM checkpoints WHERE turn_id = $1", turn.0)
        .fetch_optional(db.pool())
        .await
        .map_err(DbError::at("records::checkpoint"))?;
    Ok(row.map(|row| Checkpoint { turn, attempt: row.attempt, sequence: row.sequence, text: row.text }))
}
