//! Repository of the audit: checks the books, reports broken rules, and records how far the books are proved.
//! Changes nothing else.

use chrono::{DateTime, Utc};

use super::{Db, DbError, Tx};
use crate::domain::money::Usd;

/// A broken rule of the books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The rule, as `audit.sql` words it.
    pub rule: String,
    /// Number of rows, or of turns with such rows, that break it.
    pub count: i64,
    /// One such row, for the report.
    pub example: String,
}

/// Sums over all books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Totals {
    /// Number of users with at least one operation.
    pub users: i64,
    /// Number of balance operations.
    pub operations: i64,
    /// Sum of all balances.
    pub balances: Usd,
    /// Number of payments, refunded ones included.
    pub payments: i64,
    /// Stars received and not refunded.
    pub stars: i64,
    /// Number of open holds, of turns and of refunds.
    pub holds: i64,
    /// Cost of the model calls and transcriptions that users paid for.
    pub charged: Usd,
    /// Cost of the model calls that the owner paid for, and the most that lost transcriptions and names of topics
    /// cost.
    pub losses: Usd,
}

/// How far the books are proved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proved {
    /// Everything that was stored an hour before this time or earlier was found to be right. `None` until an
    /// audit of all books finds nothing, and after one has found something.
    pub clean_at: Option<DateTime<Utc>>,
    /// When an audit of all books last found nothing.
    pub full_at: Option<DateTime<Utc>>,
    /// Whether that is so long ago that all books are due again.
    pub full_due: bool,
}

/// The result of an audit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Findings {
    /// The broken rules; empty if the books are consistent.
    pub problems: Vec<Problem>,
    /// The moment whose books were audited.
    pub at: DateTime<Utc>,
}

/// Returns how far the books are proved. All books are due `full_after_days` after they were proved.
pub async fn proved(db: &Db, full_after_days: i32) -> Result<Proved, DbError> {
    sqlx::query_as!(
        Proved,
        r#"SELECT clean_at, full_at, coalesce(full_at < now() - make_interval(days => $1), TRUE) AS "full_due!"
           FROM audited"#,
        full_after_days,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("audit::proved"))
}

/// Checks all books, or what has changed `since` a time at which they were right; `audit.sql` says what that is.
pub async fn check(db: &Db, since: Option<DateTime<Utc>>) -> Result<Findings, DbError> {
    let mut tx = db.begin().await?;
    let at = prepare(&mut tx, since.is_none()).await?;
    let rows = sqlx::query_file!("src/db/audit.sql", since)
        .fetch_all(&mut *tx)
        .await
        .map_err(DbError::at("audit::check"))?;
    let problems =
        rows.into_iter().map(|row| Problem { rule: row.rule, count: row.count, example: row.example });
    Ok(Findings { problems: problems.collect(), at })
}

/// Records the result of an audit, of all books or of what had changed. What was found keeps counting: after a
/// finding in all books the next audit reads all books, else it reads the same part again.
pub async fn record(db: &Db, full: bool, findings: &Findings) -> Result<(), DbError> {
    let clean = findings.problems.is_empty();
    sqlx::query!(
        "UPDATE audited SET clean_at = CASE WHEN $2 THEN greatest(clean_at, $3) END,
           full_at = CASE WHEN $1 AND $2 THEN greatest(full_at, $3) ELSE full_at END
         WHERE $1 OR ($2 AND clean_at IS NOT NULL)",
        full,
        clean,
        findings.at,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("audit::record"))?;
    Ok(())
}

/// Prepares a transaction for statements about the books: they may take longer than any other, are planned for
/// what they are asked, and combine many rows. If they ask about `all` books, they read tables from end to end;
/// else they look up what belongs to recent rows, which is in memory. Returns the moment that the transaction
/// began.
async fn prepare(tx: &mut Tx<'_>, all: bool) -> Result<DateTime<Utc>, DbError> {
    let row = sqlx::query!(
        r#"SELECT now() AS "now!", set_config('statement_timeout', '30min', TRUE) AS "timeout!",
                  set_config('plan_cache_mode', 'force_custom_plan', TRUE) AS "plan!",
                  set_config('work_mem', '64MB', TRUE) AS "memory!",
                  set_config('enable_hashjoin', 'on', TRUE) AS "hash!",
                  set_config('enable_mergejoin', 'on', TRUE) AS "merge!",
                  set_config('enable_seqscan', CASE WHEN $1 THEN 'on' ELSE 'off' END, TRUE) AS "scan!",
                  set_config('random_page_cost', CASE WHEN $1 THEN '4' ELSE '1.1' END, TRUE) AS "cost!""#,
        all,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("audit::prepare"))?;
    Ok(row.now)
}

/// Returns the current sums over all books.
pub(crate) async fn totals(db: &Db) -> Result<Totals, DbError> {
    let mut tx = db.begin().await?;
    prepare(&mut tx, true).await?;
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM users WHERE last_operation IS NOT NULL) AS "users!",
                  (SELECT count(*) FROM balance_operations) AS "operations!",
                  (SELECT coalesce(sum(balance), 0) FROM users) AS "balances!",
                  (SELECT count(*) FROM payments) AS "payments!",
                  (SELECT coalesce(sum(stars), 0) FROM payments WHERE state <> 'refunded') AS "stars!",
                  (SELECT count(*) FROM turns WHERE state = 'open' AND held IS NOT NULL)
                    + (SELECT count(*) FROM payments WHERE state = 'refunding')
                    + (SELECT count(*) FROM transcriptions WHERE state = 'pending') AS "holds!",
                  (SELECT coalesce(sum(cost), 0) FROM model_calls WHERE payer = 'user')
                    + (SELECT coalesce(sum(cost), 0) FROM transcriptions) AS "charged!",
                  (SELECT coalesce(sum(cost), 0) FROM model_calls WHERE payer = 'owner')
                    + (SELECT coalesce(sum(lost), 0) FROM transcriptions)
                    + (SELECT coalesce(sum(lost), 0) FROM topic_names) AS "losses!""#,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(DbError::at("audit::totals"))?;
    Ok(Totals {
        users: row.users,
        operations: row.operations,
        balances: Usd(row.balances),
        payments: row.payments,
        stars: row.stars,
        holds: row.holds,
        charged: Usd(row.charged),
        losses: Usd(row.losses),
    })
}
