//! Methods for payments in Telegram Stars.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Method, Sent};
use crate::domain::ids::{ChatId, TopicId, UserId};

/// Sends an invoice in Stars.
#[derive(Serialize, Debug)]
pub(crate) struct SendInvoice<'a> {
    /// The chat to send to.
    pub chat_id: ChatId,
    /// The topic in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// The title, 1 to 32 characters.
    pub title: &'a str,
    /// The description, 1 to 255 characters.
    pub description: &'a str,
    /// The payload, 1 to 128 bytes; returned with the payment.
    pub payload: &'a str,
    /// The currency, always Stars.
    pub currency: &'static str,
    /// Exactly one price.
    pub prices: [LabeledPrice<'a>; 1],
}
method!("sendInvoice", SendInvoice<'_> => Sent);

/// The price of an invoice.
#[derive(Serialize, Clone, Copy, Debug)]
pub(crate) struct LabeledPrice<'a> {
    /// The label of the price.
    pub label: &'a str,
    /// The amount in Stars.
    pub amount: u32,
}

/// Accepts or refuses a payment.
#[derive(Serialize, Debug)]
pub(crate) struct AnswerPreCheckoutQuery<'a> {
    /// The id of the pre-checkout query.
    pub pre_checkout_query_id: &'a str,
    /// Whether Telegram may take the Stars.
    pub ok: bool,
    /// The reason of a refusal, shown to the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

impl Method for AnswerPreCheckoutQuery<'_> {
    const NAME: &'static str = "answerPreCheckoutQuery";
    type Response = bool;

    /// Telegram waits ten seconds in all, so there must be time for a second try.
    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(3))
    }
}

/// Refunds a payment in Stars.
#[derive(Serialize, Debug)]
pub(crate) struct RefundStarPayment<'a> {
    /// The payer.
    pub user_id: UserId,
    /// Telegram's id of the payment.
    pub telegram_payment_charge_id: &'a str,
}
method!("refundStarPayment", RefundStarPayment<'_> => bool);

/// Lists Star transactions, oldest first.
#[derive(Serialize, Debug)]
pub(crate) struct GetStarTransactions {
    /// The number of transactions to skip.
    pub offset: i64,
    /// The most transactions to return, 1 to 100.
    pub limit: i64,
}
method!("getStarTransactions", GetStarTransactions => StarTransactions);

/// A page of the list of Star transactions.
#[derive(Deserialize, Debug)]
pub(crate) struct StarTransactions {
    /// Raw JSON, because there may be unknown kinds of partners.
    pub transactions: Vec<Box<RawValue>>,
}
