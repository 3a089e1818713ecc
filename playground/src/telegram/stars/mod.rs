//! Telegram Stars: invoices, payment attempts and refunds. An attempt sends the bot a pre-checkout query. If
//! the bot agrees in time, the Stars are transferred and a service message informs both sides. Balances are
//! in `ledger`, attempts in `state`, their transitions in `payments`, actions of people in `person`.

mod ledger;
mod payments;
mod person;
mod state;
mod types;

pub(super) use self::ledger::{Partner, Transaction};
pub(super) use self::person::expire;
pub(super) use self::state::{CURRENCY, Invoice, NoRefund, Stars};
pub use self::types::{PaymentAttempt, PaymentFailure, PaymentState, Receipt};
