//! Repository of invoices: what was offered to which user. Every payment is checked against its invoice.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Db, DbError, Tx};
use crate::domain::ids::{InvoiceId, ThreadKey, UserId};
use crate::domain::money::Usd;

/// An offer of balance for Stars.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invoice {
    /// Random text that identifies the invoice; Telegram returns it with the payment.
    pub payload: String,
    /// The only user allowed to pay it.
    pub user: UserId,
    /// The price in Stars.
    pub stars: u32,
    /// US dollars credited on payment.
    pub credit: Usd,
    /// The operator's margin used for the credit.
    pub margin: Decimal,
    /// Creation time.
    pub created_at: DateTime<Utc>,
    /// Time from which it can no longer be paid.
    pub expires_at: DateTime<Utc>,
}

/// Stores an invoice of a thread.
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

/// An invoice with what a payment has to be checked against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InvoiceMatch {
    /// Primary key.
    pub id: InvoiceId,
    /// The offer.
    pub invoice: Invoice,
    /// Whether a payment for it is stored.
    pub paid: bool,
    /// Whether the operator has banned its user.
    pub banned: bool,
}

/// Returns the invoice with this payload.
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

/// Returns payload and price of an invoice, for sending it.
pub(crate) async fn card(db: &Db, id: InvoiceId) -> Result<(String, u32), DbError> {
    let row = sqlx::query!("SELECT payload, stars FROM invoices WHERE id = $1", id.0)
        .fetch_one(db.pool())
        .await
        .map_err(DbError::at("invoices::card"))?;
    Ok((row.payload, row.stars.unsigned_abs()))
}

/// Converts a number of Stars. Real values are far below the limit of the column; its CHECK refuses absurd
/// ones.
pub(super) fn stars_column(stars: u32) -> i32 {
    i32::try_from(stars).unwrap_or(i32::MAX)
}
