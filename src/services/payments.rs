//! Payments in Stars: an offer is a row, a payment is compared with it before Telegram takes the Stars, and
//! every charge is credited exactly once, whatever the state of the invoice, and even if the payer is
//! unknown.

use chrono::{DateTime, TimeDelta, Utc};

use super::books::Books;
use super::intake::Caller;
use super::people;
use crate::db::balance::{self, Operation, Reason};
use crate::db::dialogs::{self, Dialog, OpenDialog};
use crate::db::invoices::{self, Invoice};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::payments::{self, NewPayment, PaymentSource};
use crate::db::{self, Db, DbError, Tx, inbox, settings};
use crate::domain::ids::{MessageId, OutboxId, ThreadKey, UpdateId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::{Chat, Language, Person};
use crate::domain::stars::{self, Margin};
use crate::lifecycle::kill_point;

/// How long an invoice can be paid. Its credit is fixed for that time, even if the margin changes.
const INVOICE_LIFE: TimeDelta = TimeDelta::hours(24);
/// How long the bot waits for the reply to its question for an amount.
const DIALOG_LIFE: TimeDelta = TimeDelta::minutes(10);

/// Lists the packages with their current credit; `reply` composes the message.
pub async fn packages(
    books: &Books,
    caller: Caller<'_>,
    reply: impl Fn(&[(u32, &'static str, Usd)]) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let margin = settings::margin(&mut tx).await?;
    let packages = stars::PACKAGES.map(|(stars, name)| (stars, name, stars::credit(stars, margin)));
    caller.leave(tx, &[reply(&packages)]).await
}

/// Creates an invoice of 1 to `stars::MOST` Stars and closes the question for an amount, if one is open;
/// `message` composes the text sent with it.
pub async fn offer(
    books: &Books,
    caller: Caller<'_>,
    stars: u32,
    message: impl Fn(&Invoice) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let now = books.clock.now();
    dialogs::close(&mut tx, caller.key, caller.user(), now).await?;
    let margin = settings::margin(&mut tx).await?;
    let invoice = Invoice {
        payload: format!("{:032x}", rand::random::<u128>()),
        user: caller.user(),
        stars,
        credit: stars::credit(stars, margin),
        margin: margin.share(),
        created_at: now,
        expires_at: now + INVOICE_LIFE,
    };
    let id = invoices::create(&mut tx, caller.key, &invoice).await?;
    kill_point!("invoice: before the commit");
    let owed = caller.leave(tx, &[OutboxMessage { invoice: Some(id), ..message(&invoice) }]).await?;
    kill_point!("invoice: after the commit");
    Ok(owed)
}

/// Asks for an amount: the next text in this conversation is taken as one.
pub async fn ask_amount(
    books: &Books,
    caller: Caller<'_>,
    question: OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let dialog = OpenDialog { dialog: Dialog::CustomAmount, opened_by: caller.update };
    dialogs::open(&mut tx, caller.key, caller.user(), dialog, books.clock.now() + DIALOG_LIFE).await?;
    caller.leave(tx, &[question]).await
}

/// Closes the open question of a conversation; `reply` receives whether there was one.
pub async fn cancel(
    books: &Books,
    caller: Caller<'_>,
    reply: impl Fn(bool) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let waited = dialogs::close(&mut tx, caller.key, caller.user(), books.clock.now()).await?;
    caller.leave(tx, &[reply(waited)]).await
}

/// A pre-checkout query: a user is about to pay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkout {
    /// The paying user.
    pub user: UserId,
    /// The currency code.
    pub currency: String,
    /// The amount in the smallest unit of the currency.
    pub amount: i64,
    /// The payload of the invoice, which may be forged.
    pub payload: String,
}

/// Why a payment is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckoutRefusal {
    /// No such invoice, or its contents differ.
    Unknown,
    /// The invoice belongs to another user.
    NotYours,
    /// The invoice has expired.
    Expired,
    /// The invoice was paid before.
    Paid,
    /// The operator has banned the user.
    Banned,
}

/// Compares a pre-checkout query with its invoice. Returns `None` if the payment is acceptable.
pub async fn verdict(books: &Books, checkout: &Checkout) -> Result<Option<CheckoutRefusal>, DbError> {
    let found = invoices::find(books.db.pool(), &checkout.payload).await?;
    let Some(found) = found else { return Ok(Some(CheckoutRefusal::Unknown)) };
    let invoice = &found.invoice;
    let is_price = checkout.currency == stars::CURRENCY && checkout.amount == i64::from(invoice.stars);
    Ok(match () {
        () if invoice.user != checkout.user => Some(CheckoutRefusal::NotYours),
        () if !is_price => Some(CheckoutRefusal::Unknown),
        () if found.banned => Some(CheckoutRefusal::Banned),
        () if found.paid => Some(CheckoutRefusal::Paid),
        () if invoice.expires_at <= books.clock.now() => Some(CheckoutRefusal::Expired),
        () => None,
    })
}

/// A payment in Stars that Telegram has taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IncomingPayment {
    /// The update that reported it; `None` if Telegram's list did.
    pub update: Option<UpdateId>,
    /// The payer.
    pub person: Person,
    /// The chat of the payment.
    pub chat: Chat,
    /// The conversation.
    pub key: ThreadKey,
    /// The chat message that reports it.
    pub message: Option<MessageId>,
    /// The number of Stars.
    pub stars: u32,
    /// The payload of the invoice.
    pub payload: String,
    /// Telegram's id of the payment.
    pub charge_id: String,
    /// When it was paid.
    pub paid_at: DateTime<Utc>,
}

/// The result of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Credited {
    /// The amount credited.
    pub credit: Usd,
    /// The balance afterwards.
    pub balance: Usd,
    /// The language of the receipt.
    pub language: Language,
}

/// Credits a payment, once; `receipt` composes a message. If it was credited before, returns only a receipt
/// that is owed and not yet sent.
pub async fn credit(
    books: &Books,
    received: &IncomingPayment,
    receipt: impl Fn(Credited) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let IncomingPayment { person, chat, key, stars, charge_id, .. } = received;
    let mut tx = books.db.begin().await?;
    let (invoice, credit) = promised(&mut tx, received).await?;
    let source = if received.update.is_some() { PaymentSource::Message } else { PaymentSource::List };
    if source == PaymentSource::List && invoice.is_none() {
        // The list goes back to the creation of the bot: earlier sales, or sales by others, are not ours to
        // credit.
        return Ok(Vec::new());
    }
    let language = match (source, db::people::language(&mut tx, person.id).await?) {
        // The list describes the user in less detail than our row.
        (PaymentSource::List, Some(language)) => language,
        _ => people::meet(&mut tx, books, person, chat, key.topic).await?.language,
    };
    let (stars, paid_at, refunded_at) = (*stars, received.paid_at, None);
    let new = NewPayment {
        charge_id,
        user: person.id,
        key: *key,
        invoice,
        stars,
        credit,
        source,
        paid_at,
        refunded_at,
    };
    let booked = format!("payment:{charge_id}");
    let credited = if let Some(payment) = payments::insert(&mut tx, &new).await? {
        kill_point!("credit: payment recorded");
        let (reason, subject) = (Reason::Payment(payment), stars.to_string());
        let operation =
            Operation { user: person.id, reason, amount: credit, key: &booked, subject: &subject };
        let balance = balance::post(&mut tx, &operation).await?;
        kill_point!("credit: booked");
        Some(Credited { credit, balance, language })
    } else {
        let known = payments::lock(&mut tx, charge_id).await?.map(|payment| payment.credit);
        let balance = balance::posted(&mut tx, &booked).await?;
        known.zip(balance).map(|(credit, balance)| Credited { credit, balance, language })
    };
    let receipt: Vec<OutboxMessage> = credited.map(receipt).into_iter().collect();
    let owed = outbox::enqueue(&mut tx, &receipt).await?;
    if let Some(update) = received.update {
        inbox::handled(&mut tx, update).await?;
    }
    kill_point!("credit: before the commit");
    Db::commit(tx).await?;
    kill_point!("credit: after the commit");
    Ok(owed)
}

/// Returns the credit that the invoice promised. A payment without an invoice is credited by the current
/// formula, because we keep its Stars.
async fn promised(
    tx: &mut Tx<'_>,
    received: &IncomingPayment,
) -> Result<(Option<crate::domain::ids::InvoiceId>, Usd), DbError> {
    let found = invoices::find(&mut **tx, &received.payload).await?;
    let theirs = |invoice: &Invoice| invoice.user == received.person.id && invoice.stars == received.stars;
    if let Some(found) = found.filter(|found| theirs(&found.invoice)) {
        return Ok((Some(found.id), found.invoice.credit));
    }
    let margin: Margin = settings::margin(tx).await?;
    if received.update.is_some() {
        tracing::error!(
            user.id = received.person.id.0,
            stars = received.stars,
            "a payment belongs to no invoice, it is credited by the formula"
        );
    }
    Ok((None, stars::credit(received.stars, margin)))
}
