//! Repository of what may go: rows that have served their purpose, deleted in batches so that no statement locks, reads or
//! logs much. A walk begins at the oldest row of a kind and ends at the first that is too young, so what a batch costs does
//! not depend on how many rows stay. Money is never touched: turns, their calls, operations, payments and invoices stay
//! for ever.

use chrono::{DateTime, Utc};

use super::{Db, DbError};

/// What is cleaned up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetentionKind {
    /// What people and the bot said, and the files that came with it.
    Messages,
    /// What was written down while an answer grew, as far as the statistics have left it.
    Checkpoints,
    /// Updates that were handled.
    Updates,
    /// The same with greater numbers than the newest: after a week without any, Telegram goes on with any number.
    FormerUpdates,
    /// Messages that were delivered or refused.
    Deliveries,
}

impl RetentionKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Messages, Self::Checkpoints, Self::Updates, Self::FormerUpdates, Self::Deliveries];

    /// The label name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Checkpoints => "checkpoints",
            Self::Updates | Self::FormerUpdates => "updates",
            Self::Deliveries => "deliveries",
        }
    }
}

/// How far a walk over the rows of a kind has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walk {
    kind: RetentionKind,
    before: DateTime<Utc>,
    /// The key of the last row that was looked at.
    last: Option<i64>,
}

/// What one step of a walk did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Rows that were deleted.
    pub deleted: u64,
    /// Where to go on; none at the end.
    pub rest: Option<Walk>,
}

impl Walk {
    /// A walk over everything of a kind that was done before a time.
    pub fn new(kind: RetentionKind, before: DateTime<Utc>) -> Self {
        Self { kind, before, last: None }
    }
}

/// What a statement says of the rows that it has looked at.
struct Page {
    deleted: i64,
    read: i64,
    last: Option<i64>,
    /// Whether one of them is so young that those behind it are, too.
    young: Option<bool>,
}

/// Looks at up to `batch` rows and deletes those of them that may go. A conversation that loses messages gets a new version,
/// so that no cache shows them any longer. Turns that are open keep everything. The rows are named by arrays, because a
/// plan that does not know how small a batch is would read the whole table for each.
pub async fn step(db: &Db, walk: Walk, batch: i64) -> Result<Step, DbError> {
    let Walk { kind, before, last } = walk;
    let page = match kind {
        RetentionKind::Messages => messages(db, before, last.unwrap_or(i64::MIN), batch).await,
        RetentionKind::Checkpoints => checkpoints(db, before, last.unwrap_or(i64::MIN), batch).await,
        RetentionKind::Updates => updates(db, before, last.unwrap_or(i64::MIN), batch).await,
        RetentionKind::FormerUpdates => former_updates(db, before, last.unwrap_or(i64::MAX), batch).await,
        RetentionKind::Deliveries => deliveries(db, before, last.unwrap_or(i64::MIN), batch).await,
    };
    let Page { deleted, read, last, young } = page.map_err(DbError::at("retention::step"))?;
    let goes_on = read == batch && young != Some(true);
    Ok(Step {
        deleted: deleted.unsigned_abs(),
        rest: last.filter(|_| goes_on).map(|last| Walk { last: Some(last), ..walk }),
    })
}

async fn messages(db: &Db, before: DateTime<Utc>, after: i64, batch: i64) -> sqlx::Result<Page> {
    sqlx::query_as!(
        Page,
        r#"WITH page AS (
             SELECT messages.id, messages.created_at < $1 AS old, turns.closed_at IS NOT NULL AS over
             FROM messages JOIN turns ON turns.id = messages.turn_id
             WHERE messages.id > $2 ORDER BY messages.id LIMIT $3
           ), gone AS (
             DELETE FROM messages WHERE id = ANY(ARRAY(SELECT id FROM page WHERE old AND over)) RETURNING thread_id, turn_id
           ), nameless AS (
             -- The names of files go with the words around them.
             UPDATE turns SET sent_files = NULL
             WHERE id = ANY(ARRAY(SELECT DISTINCT turn_id FROM gone)) AND sent_files IS NOT NULL
           ), changed AS (
             UPDATE threads SET history_version = history_version + 1
             WHERE id = ANY(ARRAY(SELECT DISTINCT thread_id FROM gone))
           )
           SELECT (SELECT count(*) FROM gone) AS "deleted!", count(*) AS "read!", max(id) AS last, bool_or(NOT old) AS young
           FROM page"#,
        before,
        after,
        batch,
    )
    .fetch_one(db.pool())
    .await
}

async fn checkpoints(db: &Db, before: DateTime<Utc>, after: i64, batch: i64) -> sqlx::Result<Page> {
    sqlx::query_as!(
        Page,
        r#"WITH page AS (
             SELECT turn_id AS id, written_at < $1 AS old, turns.closed_at IS NOT NULL AS over
             FROM checkpoints JOIN turns ON turns.id = checkpoints.turn_id
             WHERE turn_id > $2 ORDER BY turn_id LIMIT $3
           ), gone AS (
             DELETE FROM checkpoints WHERE turn_id = ANY(ARRAY(SELECT id FROM page WHERE old AND over)) RETURNING 1
           )
           SELECT (SELECT count(*) FROM gone) AS "deleted!", count(*) AS "read!", max(id) AS last, bool_or(NOT old) AS young
           FROM page"#,
        before,
        after,
        batch,
    )
    .fetch_one(db.pool())
    .await
}

async fn updates(db: &Db, before: DateTime<Utc>, after: i64, batch: i64) -> sqlx::Result<Page> {
    sqlx::query_as!(
        Page,
        r#"WITH page AS (
             SELECT update_id AS id, received_at < $1 AS old, handled_at < $1 AS over FROM inbox
             WHERE update_id > $2 ORDER BY update_id LIMIT $3
           ), gone AS (
             DELETE FROM inbox WHERE update_id = ANY(ARRAY(SELECT id FROM page WHERE over)) RETURNING 1
           )
           SELECT (SELECT count(*) FROM gone) AS "deleted!", count(*) AS "read!", max(id) AS last, bool_or(NOT old) AS young
           FROM page"#,
        before,
        after,
        batch,
    )
    .fetch_one(db.pool())
    .await
}

/// Like [`updates`], from the other end.
async fn former_updates(db: &Db, before: DateTime<Utc>, below: i64, batch: i64) -> sqlx::Result<Page> {
    sqlx::query_as!(
        Page,
        r#"WITH page AS (
             SELECT update_id AS id, received_at < $1 AS old, handled_at < $1 AS over FROM inbox
             WHERE update_id < $2 ORDER BY update_id DESC LIMIT $3
           ), gone AS (
             DELETE FROM inbox WHERE update_id = ANY(ARRAY(SELECT id FROM page WHERE over)) RETURNING 1
           )
           SELECT (SELECT count(*) FROM gone) AS "deleted!", count(*) AS "read!", min(id) AS last, bool_or(NOT old) AS young
           FROM page"#,
        before,
        below,
        batch,
    )
    .fetch_one(db.pool())
    .await
}

async fn deliveries(db: &Db, before: DateTime<Utc>, after: i64, batch: i64) -> sqlx::Result<Page> {
    sqlx::query_as!(
        Page,
        r#"WITH page AS (
             SELECT id, created_at < $1 AS old, settled_at < $1 AS over FROM outbox
             WHERE id > $2 ORDER BY id LIMIT $3
           ), gone AS (
             DELETE FROM outbox WHERE id = ANY(ARRAY(SELECT id FROM page WHERE over)) RETURNING 1
           )
           SELECT (SELECT count(*) FROM gone) AS "deleted!", count(*) AS "read!", max(id) AS last, bool_or(NOT old) AS young
           FROM page"#,
        before,
        after,
        batch,
    )
    .fetch_one(db.pool())
    .await
}
