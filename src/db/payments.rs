//! Repository of payments: one row per charge of Telegram, whatever its later state.

use chrono::{DateTime, Utc};

use super::invoices::stars_column;
use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, InvoiceId, PaymentId, ThreadKey, TopicId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::Language;

/// How the bot learned of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum PaymentSource {
    /// From the update with the payment message.
    Message,
    /// From Telegram's list of Star transactions.
    List,
}

impl PaymentSource {
    fn name(self) -> &'static str {
        self.into()
    }
}

/// A payment to store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NewPayment<'a> {
    /// Telegram's id of the charge.
    pub charge_id: &'a str,
    /// The paying user.
    pub user: UserId,
    /// The place of the payment.
    pub key: ThreadKey,
    /// The paid invoice, if it is known.
    pub invoice: Option<InvoiceId>,
    /// Paid Stars.
    pub stars: u32,
    /// US dollars to credit; zero if the payment was refunded already.
    pub credit: Usd,
    /// How the bot learned of it.
    pub source: PaymentSource,
    /// Time of the payment.
    pub paid_at: DateTime<Utc>,
    /// Time of the refund, if the payment is first seen as refunded.
    pub refunded_at: Option<DateTime<Utc>>,
}

/// Stores a payment. Returns `None` if its charge is known already.
pub(crate) async fn insert(tx: &mut Tx<'_>, new: &NewPayment<'_>) -> Result<Option<PaymentId>, DbError> {
    sqlx::query_scalar!(
        "INSERT INTO payments (charge_id, user_id, invoice_id, chat_id, topic_id, stars, credit, source, paid_at,
                               state, refunded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
                 CASE WHEN $10::timestamptz IS NULL THEN 'credited' ELSE 'refunded' END, $10)
         ON CONFLICT (charge_id) DO NOTHING RETURNING id",
        new.charge_id,
        new.user.0,
        new.invoice.map(|invoice| invoice.0),
        new.key.chat.0,
        new.key.topic.map(|topic| topic.0),
        stars_column(new.stars),
        new.credit.0,
        new.source.name(),
        new.paid_at,
        new.refunded_at,
    )
    .fetch_optional(&mut **tx)
    .await
    .map(|id| id.map(PaymentId))
    .map_err(DbError::at("payments::insert"))
}

/// The state of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaymentState {
    /// The user has the credit.
    Credited,
    /// A refund was requested and Telegram has not confirmed it.
    Refunding,
    /// The Stars were refunded.
    Refunded,
}

/// A stored payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// Primary key.
    pub id: PaymentId,
    /// Telegram's id of the charge.
    pub charge_id: String,
    /// The user who paid.
    pub user: UserId,
    /// The chat in which the user is notified.
    pub chat: ChatId,
    /// The topic in that chat.
    pub topic: Option<TopicId>,
    /// Paid Stars.
    pub stars: u32,
    /// US dollars credited.
    pub credit: Usd,
    /// Its state.
    pub state: PaymentState,
    /// Time of the payment.
    pub paid_at: DateTime<Utc>,
    /// The language of notices; `None` if no refund was requested.
    pub language: Option<Language>,
    /// Time of the last refund request, whatever its result.
    pub asked_at: Option<DateTime<Utc>>,
}

macro_rules! payment {
    ($row:expr) => {{
        let row = $row;
        let state = match row.state.as_str() {
            "credited" => PaymentState::Credited,
            "refunding" => PaymentState::Refunding,
            _ => PaymentState::Refunded,
        };
        Payment {
            id: PaymentId(row.id),
            charge_id: row.charge_id,
            user: UserId(row.user_id),
            chat: ChatId(row.chat_id),
            topic: row.topic_id.map(TopicId),
            stars: row.stars.unsigned_abs(),
            credit: Usd(row.credit),
            state,
            paid_at: row.paid_at,
            language: row.asked_in.as_deref().map(|tag| Language::from_tag(Some(tag))),
            asked_at: row.asked_at,
        }
    }};
}

/// Locks the row of the paying user. Transactions that change a payment and a balance lock the user first.
pub(crate) async fn lock_payer(tx: &mut Tx<'_>, charge_id: &str) -> Result<(), DbError> {
    sqlx::query!(
        "SELECT users.id FROM payments JOIN users ON users.id = user_id WHERE charge_id = $1
         FOR NO KEY UPDATE OF users",
        charge_id,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("payments::lock_payer"))?;
    Ok(())
}

/// Locks and returns the payment of a charge, if it is known.
pub(crate) async fn lock(tx: &mut Tx<'_>, charge_id: &str) -> Result<Option<Payment>, DbError> {
    let row = sqlx::query!(
        "SELECT payments.id, charge_id, user_id, chat_id, topic_id, stars, credit, state, paid_at, asked_at,
                coalesce(language, asked_in, language_code) AS asked_in
         FROM payments JOIN users ON users.id = user_id WHERE charge_id = $1 FOR UPDATE OF payments",
        charge_id,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("payments::lock"))?;
    Ok(row.map(|row| payment!(row)))
}

/// Returns the payments of a user that can be refunded, newest first.
pub(crate) async fn refundable(
    tx: &mut Tx<'_>,
    user: UserId,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Payment>, DbError> {
    let rows = sqlx::query!(
        "SELECT id, charge_id, user_id, chat_id, topic_id, stars, credit, state, paid_at, asked_in, asked_at
         FROM payments WHERE user_id = $1 AND state = 'credited' AND paid_at >= $2 ORDER BY id DESC LIMIT $3",
        user.0,
        since,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("payments::refundable"))?;
    Ok(rows.into_iter().map(|row| payment!(row)).collect())
}

/// Records a refund request with its chat, topic and language. The refund is due immediately.
pub(crate) async fn ask_refund(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    key: ThreadKey,
    language: Language,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE payments SET state = 'refunding', asked_at = $2, asked_in = $3, tries = 0,
           next_try_at = $2, chat_id = $4, topic_id = $5 WHERE id = $1 AND state = 'credited'",
        payment.0,
        now,
        language.code(),
        key.chat.0,
        key.topic.map(|topic| topic.0),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("payments::ask_refund"))?;
    Ok(())
}

/// Returns due refunds with the number of earlier requests to Telegram.
pub(crate) async fn due(db: &Db, now: DateTime<Utc>, limit: i64) -> Result<Vec<(Payment, i32)>, DbError> {
    let rows = sqlx::query!(
        "SELECT id, charge_id, user_id, chat_id, topic_id, stars, credit, state, paid_at, asked_in, asked_at, tries
         FROM payments WHERE state = 'refunding' AND next_try_at <= $1 ORDER BY next_try_at LIMIT $2",
        now,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("payments::due"))?;
    Ok(rows.into_iter().map(|row| (row.tries, row)).map(|(tries, row)| (payment!(row), tries)).collect())
}

/// Returns the time of the next due refund, if any is pending.
pub(crate) async fn next_due(db: &Db) -> Result<Option<DateTime<Utc>>, DbError> {
    sqlx::query_scalar!("SELECT min(next_try_at) FROM payments WHERE state = 'refunding'")
        .fetch_one(db.pool())
        .await
        .map_err(DbError::at("payments::next_due"))
}

/// Schedules the next request of a refund that Telegram did not answer, at `next`.
pub(crate) async fn try_again(
    db: &Db,
    payment: PaymentId,
    tries: i32,
    next: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE payments SET tries = $2, next_try_at = $3 WHERE id = $1 AND state = 'refunding'",
        payment.0,
        tries,
        next,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("payments::try_again"))?;
    Ok(())
}

/// Moves a locked payment to its next state. If a credited payment turns out to be refunded, its time of
/// request is cleared, because nobody requested that refund here.
pub(crate) async fn set_state(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    state: PaymentState,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let (name, refunded_at) = match state {
        PaymentState::Credited => ("credited", None),
        PaymentState::Refunding => ("refunding", None),
        PaymentState::Refunded => ("refunded", Some(now)),
    };
    sqlx::query!(
        "UPDATE payments SET state = $2, refunded_at = $3, next_try_at = NULL,
           asked_at = CASE WHEN state = 'credited' AND $2 = 'refunded' THEN NULL ELSE asked_at END
         WHERE id = $1",
        payment.0,
        name,
        refunded_at,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("payments::set_state"))?;
    Ok(())
}

/// Returns those of the given charges that are known, each with whether it was refunded.
pub(crate) async fn known(db: &Db, charge_ids: &[String]) -> Result<Vec<(String, bool)>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT charge_id, state = 'refunded' AS "refunded!" FROM payments WHERE charge_id = ANY($1)"#,
        charge_ids,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("payments::known"))?;
    Ok(rows.into_iter().map(|row| (row.charge_id, row.refunded)).collect())
}
