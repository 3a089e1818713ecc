//! Repository of retention: deletes rows that are no longer needed, in batches so that no statement locks,
//! reads or logs much. A walk begins at the oldest row of a kind and ends at the first that is too young, so
//! the cost of a batch does not depend on the number of kept rows. Books are never touched: turns, model
//! calls, operations, payments and invoices are kept for ever.

use chrono::{DateTime, Utc};

use super::{Db, DbError};

/// A kind of rows that expire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetentionKind {
    /// Questions and answers with their files.
    Messages,
    /// Checkpoints of answers, except of open turns.
    Checkpoints,
    /// Handled updates.
    Updates,
    /// Handled updates with greater ids than the newest. After a week without updates, Telegram continues
    /// with a random id.
    FormerUpdates,
    /// Outbox messages that were delivered or refused.
    Deliveries,
}

impl RetentionKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Messages, Self::Checkpoints, Self::Updates, Self::FormerUpdates, Self::Deliveries];

    /// Returns the label name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Checkpoints => "checkpoints",
            Self::Updates | Self::FormerUpdates => "updates",
            Self::Deliveries => "deliveries",
        }
    }
}

/// The position of a walk over the rows of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walk {
    kind: RetentionKind,
    before: DateTime<Utc>,
    /// Key of the last row that was read.
    last: Option<i64>,
}

/// The result of one step of a walk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Number of deleted rows.
    pub deleted: u64,
    /// Where to continue; `None` at the end.
    pub rest: Option<Walk>,
}

impl Walk {
    /// Begins a walk over the rows of a kind that were completed before a time.
    pub fn new(kind: RetentionKind, before: DateTime<Utc>) -> Self {
        Self { kind, before, last: None }
    }
}

/// The result of the statement of a step.
struct Page {
    deleted: i64,
    read: i64,
    last: Option<i64>,
    /// Whether one of them is so young that all rows behind it are as well.
    young: Option<bool>,
}

/// Deletes one page of rows. `$page` selects up to `$3` rows behind the key `$2`, with the columns `id`,
/// `old` (the row was created before `$1`) and the condition that `$gone` deletes by. `$last` picks the key
/// of the last row.
///
/// The rows to delete are passed as arrays, because a plan that does not know how small a page is would scan
/// the table.
macro_rules! delete_page {
    ($request:ident, $page:tt, $gone:tt, $last:tt) => {
        sqlx::query_as!(
            Page,
            "WITH page AS ("
                + $page
                + "), gone AS ("
                + $gone
                + ") SELECT (SELECT count(*) FROM gone) AS \"deleted!\", count(*) AS \"read!\", "
                + $last
                + " AS last, bool_or(NOT old) AS young FROM page",
            $request.before,
            $request.behind,
            $request.batch,
        )
        .fetch_one($request.db.pool())
        .await
    };
}

/// Reads up to `batch` rows and deletes those that are old enough and no longer needed. A thread that loses
/// messages gets a new history version, so that no cache keeps them. Messages and checkpoints of open turns
/// are kept.
pub async fn step(db: &Db, walk: Walk, batch: i64) -> Result<Step, DbError> {
    let Walk { kind, before, last } = walk;
    let behind = last.unwrap_or(if kind == RetentionKind::FormerUpdates { i64::MAX } else { i64::MIN });
    let page = delete(kind, PageRequest { db, before, behind, batch }).await;
    let Page { deleted, read, last, young } = page.map_err(DbError::at("retention::step"))?;
    let has_more = read == batch && young != Some(true);
    Ok(Step {
        deleted: deleted.unsigned_abs(),
        rest: last.filter(|_| has_more).map(|last| Walk { last: Some(last), ..walk }),
    })
}

/// Where a page begins, and how many rows it has at most.
struct PageRequest<'a> {
    db: &'a Db,
    before: DateTime<Utc>,
    /// The key that the page begins behind.
    behind: i64,
    batch: i64,
}

async fn delete(kind: RetentionKind, request: PageRequest<'_>) -> sqlx::Result<Page> {
    match kind {
        RetentionKind::Messages => delete_page!(
            request,
            "SELECT messages.id, messages.created_at < $1 AS old, turns.closed_at IS NOT NULL AS over
             FROM messages JOIN turns ON turns.id = messages.turn_id
             WHERE messages.id > $2 ORDER BY messages.id LIMIT $3",
            "DELETE FROM messages WHERE id = ANY(ARRAY(SELECT id FROM page WHERE old AND over)) RETURNING thread_id, turn_id
             ), nameless AS (
             -- The names of files and the results of tools are deleted with the words around them.
             UPDATE turns SET sent_files = NULL, tool_rounds = NULL
             WHERE id = ANY(ARRAY(SELECT DISTINCT turn_id FROM gone))
               AND (sent_files IS NOT NULL OR tool_rounds IS NOT NULL)
             ), changed AS (
             UPDATE threads SET history_version = history_version + 1
             WHERE id = ANY(ARRAY(SELECT DISTINCT thread_id FROM gone))",
            "max(id)"
        ),
        RetentionKind::Checkpoints => delete_page!(
            request,
            "SELECT turn_id AS id, written_at < $1 AS old, turns.closed_at IS NOT NULL AS over
             FROM checkpoints JOIN turns ON turns.id = checkpoints.turn_id
             WHERE turn_id > $2 ORDER BY turn_id LIMIT $3",
            "DELETE FROM checkpoints WHERE turn_id = ANY(ARRAY(SELECT id FROM page WHERE old AND over)) RETURNING 1",
            "max(id)"
        ),
        RetentionKind::Updates => delete_page!(
            request,
            "SELECT update_id AS id, received_at < $1 AS old, handled_at < $1 AS over FROM inbox
             WHERE update_id > $2 ORDER BY update_id LIMIT $3",
            "DELETE FROM inbox WHERE update_id = ANY(ARRAY(SELECT id FROM page WHERE over)) RETURNING 1",
            "max(id)"
        ),
        RetentionKind::FormerUpdates => delete_page!(
            request,
            "SELECT update_id AS id, received_at < $1 AS old, handled_at < $1 AS over FROM inbox
             WHERE update_id < $2 ORDER BY update_id DESC LIMIT $3",
            "DELETE FROM inbox WHERE update_id = ANY(ARRAY(SELECT id FROM page WHERE over)) RETURNING 1",
            "min(id)"
        ),
        RetentionKind::Deliveries => delete_page!(
            request,
            "SELECT id, created_at < $1 AS old, settled_at < $1 AS over FROM outbox
             WHERE id > $2 ORDER BY id LIMIT $3",
            "DELETE FROM outbox WHERE id = ANY(ARRAY(SELECT id FROM page WHERE over)) RETURNING 1",
            "max(id)"
        ),
    }
}
