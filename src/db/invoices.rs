//! Repository of invoices: what was offered to whom, which every payment is compared with.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Db, DbError, Tx};
use crate::domain::ids::{InvoiceId, ThreadKey, UserId};
use crate::domain::money::Usd;

/// An offer of balance for Stars.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invoice {
    /// Random; comes back with the payment.
    pub payload: String,
    /// The only one who may pay it.
    pub user: UserId,
    /// Its price.
    pub stars: u32,
    /// What is credited for it.
    pub credit: Usd,
    /// The margin that the credit was computed with.
    pub margin: Decimal,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is not sold any more.
    pub expires_at: DateTime<Utc>,
}

/// Stores an invoice for a conversation.
pub(crate) async fn create(tx: &mut Tx<'_>, key: ThreadKey, invoice: &Invoice) -> Result<InvoiceId, DbError> {
    sqlx::query_scalar!(
        "INSERT INTO invoices (payload, user_id, chat_id, topic_id, stars, credit, margin, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        invoice.payload,
        invoice.user.0,
        key.chat.0,
        key.topic.map(|topic| topic.0),
        stars_column(invoice.stars),
        invoice.credit.0,
        invoice.margin,
        invoice.created_at,
        invoice.expires_at,
    )
    .fetch_one(&mut **tx)
    .await
    .map(InvoiceId)
    .map_err(DbError::at("invoices::create"))
}

/// An invoice as a payment finds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InvoiceMatch {
    /// Its row.
    pub id: InvoiceId,
    /// What was offered.
    pub invoice: Invoice,
    /// Whether it was paid before.
    pub paid: bool,
    /// Whether the operator has banned its user.
    pub banned: bool,
}

/// The invoice with this payload.
pub(crate) async fn find(
    database: impl sqlx::PgExecutor<'_>,
    payload: &str,
) -> Result<Option<InvoiceMatch>, DbError> {
    let row = sqlx::query!(
        r#"SELECT invoices.id, payload, user_id, stars, credit, margin, created_at, expires_at,
                  users.banned_at IS NOT NULL AS "banned!",
                  EXISTS (SELECT 1 FROM payments WHERE invoice_id = invoices.id) AS "paid!"
           FROM invoices JOIN users ON users.id = invoices.user_id WHERE payload = $1"#,
        payload,
    )
    .fetch_optional(database)
    .await
    .map_err(DbError::at("invoices::find"))?;
    Ok(row.map(|row| InvoiceMatch {
        id: InvoiceId(row.id),
        paid: row.paid,
        banned: row.banned,
        invoice: Invoice {
            payload: row.payload,
            user: UserId(row.user_id),
            stars: row.stars.unsigned_abs(),
            credit: Usd(row.credit),
            margin: row.margin,
            created_at: row.created_at,
            expires_at: row.expires_at,
        },
    }))
}

/// Payload and price of an invoice, for sending it.
pub(crate) async fn card(db: &Db, id: InvoiceId) -> Result<(String, u32), DbError> {
    let row = sqlx::query!("SELECT payload, stars FROM invoices WHERE id = $1", id.0)
        .fetch_one(db.pool())
        .await
        .map_err(DbError::at("invoices::card"))?;
    Ok((row.payload, row.stars.unsigned_abs()))
}

/// Numbers of Stars stay far below the column's limit; a nonsensical one is refused by the table.
pub(super) fn stars_column(stars: u32) -> i32 {
    i32::try_from(stars).unwrap_or(i32::MAX)
}
