//! Repository of reconciliations: how far Telegram's list of Star transactions was compared with our payments.

use super::{Db, DbError};

/// What a comparison came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reconciled {
    /// Transactions that the list has.
    pub seen: i64,
    /// Payments that we had not heard of.
    pub credited: i64,
    /// Refunds that we had not heard of.
    pub refunded: i64,
}

/// How many transactions of the list were known after the last comparison.
pub(crate) async fn known(db: &Db) -> Result<i64, DbError> {
    let known = sqlx::query_scalar!("SELECT known FROM reconciliations ORDER BY id DESC LIMIT 1")
        .fetch_optional(db.pool())
        .await
        .map_err(DbError::at("reconciliations::known"))?;
    Ok(known.unwrap_or(0))
}

/// Notes a comparison that came to its end.
pub(crate) async fn finished(db: &Db, reconciled: Reconciled) -> Result<(), DbError> {
    let Reconciled { seen, credited, refunded } = reconciled;
    sqlx::query!(
        "INSERT INTO reconciliations (known, credited, refunded) VALUES ($1, $2, $3)",
        seen,
        credited,
        refunded,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("reconciliations::finished"))?;
    Ok(())
}
