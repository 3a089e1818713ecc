//! Updates about payments: an unknown field must never cause the loss of a payment.

use chrono::{DateTime, Utc};

use super::raw::chat::person;
use super::raw::{Content, Fields, Message, Update, clean};
use crate::domain::ids::{ChatId, ThreadKey, UpdateId, UserId};
use crate::domain::people::{Chat, ChatKind, Person};
use crate::domain::stars::CURRENCY;
use crate::services::payments::{Checkout, IncomingPayment};

/// An event about a payment in Stars.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PaymentEvent {
    /// A pre-checkout query, which Telegram wants answered.
    Checkout {
        update: UpdateId,
        /// The id of the query.
        query: String,
        /// The payer.
        payer: Box<Person>,
        checkout: Checkout,
    },
    /// A received payment.
    Paid(Box<IncomingPayment>),
    /// A refunded payment.
    Returned {
        update: UpdateId,
        /// Telegram's id of the payment.
        charge_id: String,
        /// The payer, if the message names one.
        key: Option<ThreadKey>,
        stars: u32,
    },
}

/// Reads an update that arrived `now`. Returns `None` if it is not about a payment.
pub(crate) fn read(update: &Update, now: DateTime<Utc>) -> Option<PaymentEvent> {
    match &update.content {
        Content::Checkout(query) => Some(PaymentEvent::Checkout {
            update: update.id,
            query: query.id.clone(),
            payer: Box::new(query.from.clone()),
            checkout: Checkout {
                user: query.from.id,
                currency: query.currency.clone(),
                amount: query.amount,
                payload: query.payload.clone(),
            },
        }),
        Content::Message(message) => read_message(update.id, message, now),
        _ => None,
    }
}

fn read_message(update: UpdateId, message: &Message, now: DateTime<Utc>) -> Option<PaymentEvent> {
    let money = message.money.as_ref().filter(|money| money.currency == CURRENCY)?;
    let chat = message.chat.clone()?;
    let (stars, charge_id) = (stars(money.amount)?, money.charge_id.clone());
    let key = |user| ThreadKey { chat: chat.id, owner: UserId::into(user), topic: message.topic() };
    if money.is_refund {
        // The sender may be the bot; in a private chat the chat is the user.
        let key = (chat.kind == ChatKind::Private).then(|| key(UserId(chat.id.0)));
        return Some(PaymentEvent::Returned { update, charge_id, key, stars });
    }
    let person = message.from.clone()?;
    Some(PaymentEvent::Paid(Box::new(IncomingPayment {
        update: Some(update),
        key: key(person.id),
        message: message.number,
        person,
        chat,
        stars,
        payload: money.payload.clone(),
        charge_id,
        paid_at: message.date.unwrap_or(now),
    })))
}

/// Converts an amount. Returns `None` unless it is a positive number of Stars.
pub(crate) fn stars(amount: i64) -> Option<u32> {
    u32::try_from(amount).ok().filter(|&stars| stars > 0 && i32::try_from(stars).is_ok())
}

/// A transaction of `getStarTransactions` that concerns an invoice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum TransactionLine {
    /// A received payment.
    Paid(Box<IncomingPayment>),
    /// A refunded payment.
    Returned {
        /// Telegram's id of the payment.
        charge_id: String,
        /// The payer.
        key: ThreadKey,
        stars: u32,
    },
}

impl TransactionLine {
    /// Telegram's id of the payment.
    pub(crate) fn charge_id(&self) -> &str {
        match self {
            Self::Paid(received) => &received.charge_id,
            Self::Returned { charge_id, .. } => charge_id,
        }
    }
}

/// Reads a transaction of Telegram's list. Returns `None` if it concerns something else, such as a
/// withdrawal.
pub(crate) fn read_line(line: &str) -> Option<TransactionLine> {
    let line = clean::escapes(line);
    let line = Fields::of(&line)?;
    let (charge_id, stars) = (line.text("id")?, stars(line.number("amount")?)?);
    let paid_at = DateTime::from_timestamp(line.number("date")?, 0)?;
    let partner = |name| {
        line.object(name)
            .filter(|partner| partner.text("transaction_type").is_none_or(|kind| kind == "invoice_payment"))
    };
    let key = |user: &Person| ThreadKey { chat: ChatId(user.id.0), owner: user.id.into(), topic: None };
    if let Some(payer) = partner("receiver").and_then(|partner| person(&partner.object("user")?)) {
        return Some(TransactionLine::Returned { charge_id, key: key(&payer), stars });
    }
    let source = partner("source")?;
    let (person, payload) = (person(&source.object("user")?)?, source.text("invoice_payload")?);
    let chat = Chat {
        id: ChatId(person.id.0),
        kind: ChatKind::Private,
        title: None,
        username: person.username.clone(),
        is_forum: false,
    };
    let (update, message, key) = (None, None, key(&person));
    let received = IncomingPayment { update, person, chat, key, message, stars, payload, charge_id, paid_at };
    Some(TransactionLine::Paid(Box::new(received)))
}

#[cfg(test)]
mod tests;
