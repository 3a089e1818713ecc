//! What a test sees of payments: attempts with their states, receipts and why an attempt failed.

/// A person's attempt to pay. Every tap on a pay button is one of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentAttempt {
    /// Its number: attempts of all people are counted together, from 0.
    pub number: usize,
    /// Who pays.
    pub user: i64,
    /// Where the invoice stands; the payer's private chat when there is no message.
    pub chat: i64,
    /// The invoice message; `None` for links and for what no invoice asked for.
    pub message_id: Option<i64>,
    /// What the bot is told: `XTR` for Stars.
    pub currency: String,
    /// Stars to pay.
    pub total_amount: i64,
    /// The bot's own words about the invoice.
    pub payload: String,
    /// Id of the `pre_checkout_query`; empty when the bot was not asked.
    pub query_id: String,
    /// Id of the update that asked the bot; 0 when there was none.
    pub update_id: i64,
    /// How far it got.
    pub state: PaymentState,
}

impl PaymentAttempt {
    /// The receipt, if the Stars changed hands, also when they came back later.
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.state {
            PaymentState::Paid(receipt) | PaymentState::Refunded(receipt) => Some(receipt),
            PaymentState::Waiting | PaymentState::Failed(_) => None,
        }
    }
}

/// How far an attempt to pay got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// The bot was asked and has not answered.
    Waiting,
    /// The Stars are the bot's.
    Paid(Receipt),
    /// The Stars were the bot's and are the person's again.
    Refunded(Receipt),
    /// Nothing was paid and nothing will be.
    Failed(PaymentFailure),
}

/// What proves a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// `telegram_payment_charge_id`, unique also among emulators that ran before.
    pub charge_id: String,
    /// Where the service message stands.
    pub chat: i64,
    /// Id of the service message.
    pub message_id: i64,
    /// Id of the update that tells the bot; 0 when it is not told.
    pub update_id: i64,
}

/// Why an attempt to pay failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentFailure {
    /// There is no such invoice (any more).
    NoInvoice,
    /// The wallet has fewer Stars than that; also when they went between question and answer.
    NotEnoughStars,
    /// The bot said no, with this explanation for the person.
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
