//! Telegram Stars: invoices, attempts to pay them, and refunds. An attempt asks the bot by a pre-checkout
//! query; when the bot agrees in time, the Stars change hands and a service message tells both sides.
//! The balances are in `ledger`, the attempts in `state`, what becomes of them in `payments`, what people do in `person`.

mod ledger;
mod payments;
mod person;
mod state;
mod types;

pub(super) use self::ledger::{Partner, Transaction};
pub(super) use self::person::expire;
pub(super) use self::state::{CURRENCY, Invoice, NoRefund, Stars};
pub use self::types::{PaymentAttempt, PaymentFailure, PaymentState, Receipt};
