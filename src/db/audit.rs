//! Repository of the audit: checks all books and reports broken rules. Changes nothing.

use super::{Db, DbError};
use crate::domain::money::Usd;

/// A broken rule of the books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    /// The rule, as `audit.sql` words it.
    pub rule: String,
    /// Number of rows that break it.
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

/// Returns the broken rules; empty if the books are consistent.
pub(crate) async fn problems(db: &Db) -> Result<Vec<Problem>, DbError> {
    let mut tx = db.begin().await?;
    // The audit scans all books. It may take longer than any other statement, and is faster without index
    // lookups.
    sqlx::query!(
        r#"SELECT set_config('statement_timeout', '30min', TRUE) AS "timeout!",
                  set_config('enable_seqscan', 'on', TRUE) AS "scan!",
                  set_config('enable_hashjoin', 'on', TRUE) AS "hash!",
                  set_config('enable_mergejoin', 'on', TRUE) AS "merge!""#
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(DbError::at("audit::problems"))?;
    let rows = sqlx::query_file!("src/db/audit.sql")
        .fetch_all(&mut *tx)
        .await
        .map_err(DbError::at("audit::problems"))?;
    let problems =
        rows.into_iter().map(|row| Problem { rule: row.rule, count: row.count, example: row.example });
    Ok(problems.collect())
}

/// Returns the current sums over all books.
pub(crate) async fn totals(db: &Db) -> Result<Totals, DbError> {
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
    .fetch_one(db.pool())
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
