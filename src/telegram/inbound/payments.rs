//! Updates about payments, read from their JSON and not from the framework's types: a field that the framework does not
//! know must never cost somebody's Stars.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::domain::ids::{ChatId, MessageId, ThreadKey, TopicId, UpdateId, UserId};
use crate::domain::people::{Chat, ChatKind, Person};
use crate::domain::stars::CURRENCY;
use crate::services::payments::{Checkout, Received};

/// Something about Stars.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Somebody is about to pay; Telegram waits for an answer.
    Checkout {
        /// The update that brought it.
        update: UpdateId,
        /// The question's name.
        query: String,
        /// The language tag of the payer's app.
        language_code: Option<String>,
        /// What is to be paid.
        checkout: Checkout,
    },
    /// Stars have come in.
    Paid(Box<Received>),
    /// Stars went back.
    Returned {
        /// The update that brought it.
        update: UpdateId,
        /// Telegram's name for the payment.
        charge_id: String,
        /// Whose it was, if the message tells.
        key: Option<ThreadKey>,
        /// How many.
        stars: u32,
    },
}

/// Reads an update, if it is about a payment.
pub fn read(payload: &str) -> Option<Event> {
    let about = ["pre_checkout_query", "successful_payment", "refunded_payment"];
    if !about.iter().any(|field| payload.contains(field)) {
        return None;
    }
    let update: WireUpdate = serde_json::from_str(payload).ok()?;
    let id = UpdateId(update.update_id);
    if let Some(query) = update.pre_checkout_query {
        let checkout = Checkout {
            user: UserId(query.from.id),
            currency: query.currency,
            amount: query.total_amount,
            payload: query.invoice_payload,
        };
        let language_code = query.from.language_code;
        return Some(Event::Checkout { update: id, query: query.id, language_code, checkout });
    }
    read_message(id, update.message?)
}

fn read_message(update: UpdateId, message: WireMessage) -> Option<Event> {
    let topic = message.message_thread_id.filter(|_| message.is_topic_message).map(TopicId);
    let chat = ChatId(message.chat.id);
    let key = |user| ThreadKey { chat, user: UserId(user), topic };
    if let Some(refund) = message.refunded_payment.filter(|refund| refund.currency == CURRENCY) {
        // The message may come in the name of the bot; in a private chat the chat is the user.
        let key = (message.chat.id > 0).then(|| key(message.chat.id));
        let (charge_id, stars) = (refund.telegram_payment_charge_id, stars(refund.total_amount)?);
        return Some(Event::Returned { update, charge_id, key, stars });
    }
    let payment = message.successful_payment.filter(|payment| payment.currency == CURRENCY)?;
    let from = message.from?;
    Some(Event::Paid(Box::new(Received {
        update: Some(update),
        key: key(from.id),
        message: Some(message.message_id),
        person: from.into(),
        chat: message.chat.into(),
        stars: stars(payment.total_amount)?,
        payload: payment.invoice_payload,
        charge_id: payment.telegram_payment_charge_id,
        paid_at: DateTime::from_timestamp(message.date, 0)?,
    })))
}

/// Amounts are whole Stars and never 0.
pub fn stars(amount: i64) -> Option<u32> {
    u32::try_from(amount).ok().filter(|&stars| stars > 0 && i32::try_from(stars).is_ok())
}

/// A line of `getStarTransactions`, as far as it is about an invoice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// Stars have come in.
    Paid(Box<Received>),
    /// Stars went back to the payer.
    Returned {
        /// Telegram's name for the payment.
        charge_id: String,
        /// Whose it was.
        key: ThreadKey,
        /// How many.
        stars: u32,
    },
}

impl Line {
    /// Telegram's name for the payment.
    pub fn charge_id(&self) -> &str {
        match self {
            Self::Paid(received) => &received.charge_id,
            Self::Returned { charge_id, .. } => charge_id,
        }
    }
}

/// Reads a line of Telegram's list; none if it is about something else, such as a withdrawal.
pub fn read_line(line: &serde_json::Value) -> Option<Line> {
    let line = WireTransaction::deserialize(line).ok()?;
    let key = |user: i64| ThreadKey { chat: ChatId(user), user: UserId(user), topic: None };
    let date: DateTime<Utc> = DateTime::from_timestamp(line.date, 0)?;
    let stars = stars(line.amount)?;
    let about_invoice = |partner: &WirePartner| {
        partner.transaction_type.as_deref().is_none_or(|kind| kind == "invoice_payment")
    };
    if let Some(WirePartner { user: Some(user), .. }) = line.receiver.filter(about_invoice) {
        return Some(Line::Returned { charge_id: line.id, key: key(user.id), stars });
    }
    let WirePartner { user, invoice_payload, .. } = line.source.filter(about_invoice)?;
    let (user, payload) = (user?, invoice_payload?);
    let chat = WireChat {
        id: user.id,
        kind: "private".to_owned(),
        username: user.username.clone(),
        ..WireChat::default()
    };
    let (update, charge_id) = (None, line.id);
    let received = Received {
        update,
        key: key(user.id),
        message: None,
        person: user.into(),
        chat: chat.into(),
        stars,
        payload,
        charge_id,
        paid_at: date,
    };
    Some(Line::Paid(Box::new(received)))
}

#[derive(Deserialize)]
struct WireUpdate {
    update_id: i64,
    pre_checkout_query: Option<WireQuery>,
    message: Option<WireMessage>,
}

#[derive(Deserialize)]
struct WireQuery {
    id: String,
    from: WireUser,
    currency: String,
    total_amount: i64,
    invoice_payload: String,
}

#[derive(Deserialize)]
struct WireMessage {
    message_id: MessageId,
    date: i64,
    chat: WireChat,
    from: Option<WireUser>,
    message_thread_id: Option<i32>,
    #[serde(default)]
    is_topic_message: bool,
    successful_payment: Option<WirePayment>,
    refunded_payment: Option<WirePayment>,
}

#[derive(Deserialize)]
struct WirePayment {
    currency: String,
    total_amount: i64,
    #[serde(default)]
    invoice_payload: String,
    telegram_payment_charge_id: String,
}

#[derive(Deserialize)]
struct WireTransaction {
    id: String,
    amount: i64,
    date: i64,
    source: Option<WirePartner>,
    receiver: Option<WirePartner>,
}

#[derive(Deserialize)]
struct WirePartner {
    transaction_type: Option<String>,
    user: Option<WireUser>,
    invoice_payload: Option<String>,
}

#[derive(Deserialize)]
struct WireUser {
    id: i64,
    #[serde(default)]
    is_bot: bool,
    first_name: String,
    last_name: Option<String>,
    username: Option<String>,
    language_code: Option<String>,
    #[serde(default)]
    is_premium: bool,
}

impl From<WireUser> for Person {
    fn from(user: WireUser) -> Self {
        let WireUser { id, is_bot, first_name, last_name, username, language_code, is_premium } = user;
        Self { id: UserId(id), first_name, last_name, username, language_code, is_bot, is_premium }
    }
}

#[derive(Deserialize, Default)]
struct WireChat {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
    title: Option<String>,
    username: Option<String>,
    #[serde(default)]
    is_forum: bool,
}

impl From<WireChat> for Chat {
    fn from(chat: WireChat) -> Self {
        let kind = match chat.kind.as_str() {
            "private" => ChatKind::Private,
            "group" => ChatKind::Group,
            "channel" => ChatKind::Channel,
            _ => ChatKind::Supergroup,
        };
        let WireChat { id, title, username, is_forum, .. } = chat;
        Self { id: ChatId(id), kind, title, username, is_forum }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payment(fields: &serde_json::Value) -> Option<Event> {
        let mut message = json!({
            "message_id": 5, "date": 1_795_000_000,
            "chat": {"id": 42, "type": "private", "first_name": "Ann", "of_tomorrow": {"x": [1]}},
            "from": {"id": 42, "is_bot": false, "first_name": "Ann", "language_code": "ru", "new": 1},
        });
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        read(&json!({"update_id": 9, "message": message}).to_string())
    }

    fn stars_paid(amount: i64, currency: &str) -> serde_json::Value {
        json!({"successful_payment": {"currency": currency, "total_amount": amount, "invoice_payload": "p",
            "telegram_payment_charge_id": "c", "provider_payment_charge_id": "", "later": null}})
    }

    #[test]
    fn a_payment_is_read_whatever_else_the_message_holds() {
        let Some(Event::Paid(received)) = payment(&stars_paid(100, "XTR")) else { panic!("no payment") };
        assert_eq!((received.stars, received.payload.as_str(), received.charge_id.as_str()), (100, "p", "c"));
        assert_eq!(received.key, ThreadKey { chat: ChatId(42), user: UserId(42), topic: None });
        assert_eq!(received.update, Some(UpdateId(9)));
        assert_eq!(received.person.language_code.as_deref(), Some("ru"));
    }

    #[test]
    fn other_currencies_and_senseless_amounts_are_no_payments() {
        for fields in [
            stars_paid(100, "USD"),
            stars_paid(0, "XTR"),
            stars_paid(-1, "XTR"),
            stars_paid(i64::from(u32::MAX), "XTR"),
            json!({"text": "successful_payment"}),
        ] {
            assert_eq!(payment(&fields), None, "{fields}");
        }
    }

    #[test]
    fn a_refund_in_the_name_of_the_bot_belongs_to_the_chats_user() {
        let refund = json!({"from": {"id": 7, "is_bot": true, "first_name": "Bot"}, "refunded_payment":
            {"currency": "XTR", "total_amount": 5, "invoice_payload": "p", "telegram_payment_charge_id": "c"}});
        let Some(Event::Returned { charge_id, key, stars, .. }) = payment(&refund) else {
            panic!("no refund")
        };
        assert_eq!((charge_id.as_str(), key.map(|key| key.user), stars), ("c", Some(UserId(42)), 5));
    }

    #[test]
    fn the_list_tells_of_payments_and_refunds_only() {
        let user = json!({"type": "user", "transaction_type": "invoice_payment",
            "user": {"id": 42, "is_bot": false, "first_name": "Ann"}, "invoice_payload": "p"});
        let paid = json!({"id": "c", "amount": 10, "date": 1_795_000_000, "source": user});
        assert!(matches!(read_line(&paid), Some(Line::Paid(received)) if received.charge_id == "c"));
        let returned = json!({"id": "c", "amount": 10, "date": 1_795_000_000, "receiver": user});
        assert!(matches!(read_line(&returned), Some(Line::Returned { stars: 10, .. })));
        let withdrawn =
            json!({"id": "w", "amount": 10, "date": 1_795_000_000, "receiver": {"type": "fragment"}});
        assert_eq!(read_line(&withdrawn), None);
        let gift = json!({"type": "user", "transaction_type": "gift_purchase",
            "user": {"id": 42, "is_bot": false, "first_name": "Ann"}});
        let given = json!({"id": "g", "amount": 10, "date": 1_795_000_000, "receiver": gift});
        assert_eq!(read_line(&given), None);
    }
}
