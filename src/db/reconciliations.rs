//! Repository of reconciliations: how far Telegram's list of Star transactions was compared with the stored
//! payments.

use super::{Db, DbError};

/// The result of a reconciliation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reconciled {
    /// Number of transactions in Telegram's list.
    pub seen: i64,
    /// Number of payments that were unknown before.
    pub credited: i64,
    /// Number of refunds that were unknown before.
    pub refunded: i64,
}

/// Returns the number of transactions known after the last reconciliation.
pub(crate) async fn known(db: &Db) -> Result<i64, DbError> {
    let known = sqlx::query_scalar!("SELECT known FROM reconciliations ORDER BY id DESC LIMIT 1")
        .fetch_optional(db.pool())
        .await
        .map_err(DbError::at("reconciliations::known"))?;
    Ok(known.unwrap_or(0))
}

/// Records a completed reconciliation.
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
