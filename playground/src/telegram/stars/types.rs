//! Payment data for tests: attempts with their states, receipts and reasons of failure.

/// A person's attempt to pay. Every tap on a pay button creates one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentAttempt {
    /// The number of the attempt, counted over all people from 0.
    pub number: usize,
    /// Id of the payer.
    pub user: i64,
    /// The chat of the invoice; the payer's private chat if there is no message.
    pub chat: i64,
    /// The invoice message; `None` for links and for payments without an invoice.
    pub message_id: Option<i64>,
    /// The currency of the pre-checkout query; `XTR` means Stars.
    pub currency: String,
    /// The price in Stars.
    pub total_amount: i64,
    /// The payload that the bot gave the invoice.
    pub payload: String,
    /// Id of the `pre_checkout_query`; empty if the bot was not asked.
    pub query_id: String,
    /// Id of the update with the query; 0 if there was none.
    pub update_id: i64,
    /// The state of the attempt.
    pub state: PaymentState,
}

impl PaymentAttempt {
    /// Returns the receipt of a payment, even if it was refunded.
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.state {
            PaymentState::Paid(receipt) | PaymentState::Refunded(receipt) => Some(receipt),
            PaymentState::Waiting | PaymentState::Failed(_) => None,
        }
    }
}

/// The state of a payment attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// The bot was asked and has not answered.
    Waiting,
    /// The bot has received the Stars.
    Paid(Receipt),
    /// The payment was refunded.
    Refunded(Receipt),
    /// The attempt failed, for this reason.
    Failed(PaymentFailure),
}

/// Proof of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// `telegram_payment_charge_id`, unique over all emulators and runs.
    pub charge_id: String,
    /// The chat of the service message.
    pub chat: i64,
    /// Id of the service message.
    pub message_id: i64,
    /// Id of the update for the bot; 0 if none was sent.
    pub update_id: i64,
}

/// Why a payment attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentFailure {
    /// There is no such invoice, or it was deleted.
    NoInvoice,
    /// The wallet has too few Stars, at the tap or when the bot agreed.
    NotEnoughStars,
    /// The bot declined, with this explanation for the person.
    Declined(String),
    /// The bot did not answer in time.
    TimedOut,
}

impl std::fmt::Display for PaymentFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoInvoice => f.write_str("there is no such invoice"),
            Self::NotEnoughStars => f.write_str("not enough Stars in the wallet"),
            Self::Declined(explanation) => f.write_str(explanation),
            Self::TimedOut => f.write_str("the bot did not answer in time"),
        }
    }
}
