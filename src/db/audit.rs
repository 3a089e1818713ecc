//! Repository of the audit: reads all books and says what is wrong with them. Changes nothing.

use super::{Db, DbError};
use crate::domain::money::Usd;

/// A rule that is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    /// Which.
    pub rule: String,
    /// How many rows break it.
    pub count: i64,
    /// One of them.
    pub example: String,
}

/// What the books hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Totals {
    /// Users with operations.
    pub users: i64,
    /// Operations.
    pub operations: i64,
    /// The sum of all balances.
    pub balances: Usd,
    /// Payments.
    pub payments: i64,
    /// Stars that came in and were not given back.
    pub stars: i64,
    /// Open holds.
    pub holds: i64,
    /// What models and transcriptions cost that users paid.
    pub charged: Usd,
    /// What models cost that the owner paid, and what lost transcriptions may have cost.
    pub losses: Usd,
}

/// The rules that are broken; none is what everybody wants.
pub(crate) async fn problems(db: &Db) -> Result<Vec<Problem>, DbError> {
    let mut tx = db.begin().await?;
    // All books are read from one end to the other, which may take longer than any other statement, and is quicker
    // without keys.
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

/// What the books hold at this moment.
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
                    + (SELECT coalesce(sum(lost), 0) FROM transcriptions) AS "losses!""#,
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
