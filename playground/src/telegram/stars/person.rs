//! Actions with Stars: people fill a wallet, pay, forge payments; Telegram refunds a payment, the bot's owner
//! withdraws, deadlines pass.

use std::sync::Arc;
use std::time::Instant;

use super::super::shared::{Shared, Telegram};
use super::super::world::World;
use super::state::{CURRENCY, PaymentRequest};
use super::types::{PaymentAttempt, PaymentFailure, PaymentState};

/// Fails attempts that the bot does not answer in time. Runs until the emulator stops.
pub(in super::super) async fn expire(shared: Arc<Shared>) {
    loop {
        let deadline = shared.look(|world| world.stars.next_deadline());
        let over = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.checkout_began.notified() => {}
            () = over => shared.change(|world| world.expire_payments(Instant::now())),
        }
    }
}

impl Shared {
    /// Runs a person's action and starts the deadline of the attempt.
    pub(in super::super) fn begin_payment(
        &self,
        act: impl FnOnce(&mut World) -> PaymentAttempt,
    ) -> PaymentAttempt {
        let attempt = self.change(act);
        self.checkout_began.notify_one();
        attempt
    }
}

impl PaymentRequest {
    /// Creates a request in Stars without an invoice message.
    fn without_message(user: i64, stars: u32, payload: &str) -> Self {
        Self {
            user,
            chat: user,
            message_id: None,
            place: (user, None),
            currency: CURRENCY.to_owned(),
            total_amount: i64::from(stars),
            payload: payload.to_owned(),
        }
    }
}

impl World {
    pub(in super::super) fn set_wallet(&mut self, user: i64, stars: u32) {
        self.person(user);
        self.stars.ledger.set_wallet(user, stars);
    }

    /// Handles a tap on the pay button of an invoice message.
    pub(in super::super) fn pay(&mut self, chat: i64, user: i64, message_id: i64) -> PaymentAttempt {
        self.person(user);
        let message = self.chats.get(&chat).and_then(|state| state.messages.get(&message_id));
        let found = message.zip(self.stars.invoices.get(&(chat, message_id)));
        let Some((topic, invoice)) = found.map(|(message, invoice)| (message.topic, invoice.clone())) else {
            let ask = PaymentRequest {
                chat,
                message_id: Some(message_id),
                ..PaymentRequest::without_message(user, 0, "")
            };
            return self.fail_attempt(ask, PaymentFailure::NoInvoice);
        };
        // An invoice out of somebody else's private chat was forwarded to this person.
        let place = if chat > 0 && chat != user { (user, None) } else { (chat, topic) };
        let ask = PaymentRequest {
            chat,
            message_id: Some(message_id),
            place,
            ..PaymentRequest::without_message(user, invoice.stars, &invoice.payload)
        };
        self.try_to_pay(ask)
    }

    fn pay_link(&mut self, user: i64, link: &str) -> PaymentAttempt {
        self.person(user);
        match self.stars.links.get(link) {
            Some(invoice) => {
                let ask = PaymentRequest::without_message(user, invoice.stars, &invoice.payload);
                self.try_to_pay(ask)
            }
            None => {
                self.fail_attempt(PaymentRequest::without_message(user, 0, ""), PaymentFailure::NoInvoice)
            }
        }
    }

    /// Checks the wallet, as the app does, before the bot is asked.
    fn try_to_pay(&mut self, ask: PaymentRequest) -> PaymentAttempt {
        if i64::from(self.stars.ledger.wallet(ask.user)) < ask.total_amount {
            return self.fail_attempt(ask, PaymentFailure::NotEnoughStars);
        }
        self.ask_bot(ask)
    }

    /// Makes a payment without a pre-checkout query.
    fn pay_unasked(&mut self, user: i64, stars: u32, payload: &str, tell: Notify) -> PaymentAttempt {
        self.person(user);
        let ask = PaymentRequest::without_message(user, stars, payload);
        let attempt = self.stars.begin(ask, PaymentState::Waiting, Instant::now());
        match tell {
            Notify::Bot => self.approve(attempt.number),
            Notify::Nobody => {
                let state = match self.collect(attempt.number) {
                    Some((receipt, _)) => PaymentState::Paid(receipt),
                    None => PaymentState::Failed(PaymentFailure::NotEnoughStars),
                };
                self.stars.set_state(attempt.number, state);
            }
        }
        self.stars.attempt(attempt.number).cloned().unwrap_or(attempt)
    }
}

/// Whether the bot receives the update of a payment.
#[derive(Debug, Clone, Copy)]
enum Notify {
    Bot,
    Nobody,
}

impl Telegram {
    /// Sets the number of Stars in a person's wallet. Wallets begin empty.
    pub fn set_stars(&self, user: i64, stars: u32) {
        self.shared.change(|world| world.set_wallet(user, stars));
    }

    /// Returns the number of Stars in a person's wallet.
    pub fn stars(&self, user: i64) -> u32 {
        self.shared.look(|world| world.stars.ledger.wallet(user))
    }

    /// Returns the bot's balance in Stars, like `getMyStarBalance`.
    pub fn bot_stars(&self) -> u32 {
        self.shared.look(|world| world.stars.ledger.bot())
    }

    /// Taps the pay button of an invoice message and confirms, as a person. If the wallet has enough Stars,
    /// the bot is asked and has `Settings::checkout_limit` to answer; with too few Stars the attempt fails
    /// without asking the bot. Wait for the outcome with `until` and `View::payment`. Every call is a separate
    /// attempt, like a double tap. `user` need not be the recipient of the invoice (as if it had been
    /// forwarded); the payment then appears in that person's own chat with the bot.
    pub fn pay(&self, chat: i64, user: i64, message_id: i64) -> PaymentAttempt {
        self.shared.begin_payment(|world| world.pay(chat, user, message_id))
    }

    /// Pays by a link of `createInvoiceLink`, like [`pay`](Self::pay).
    pub fn pay_link(&self, user: i64, link: &str) -> PaymentAttempt {
        self.shared.begin_payment(|world| world.pay_link(user, link))
    }

    /// Sends the bot a forged pre-checkout query without an invoice. If the bot agrees, the payment is made,
    /// provided that it is in Stars and the wallet suffices.
    pub fn forge_pre_checkout(
        &self,
        user: i64,
        currency: &str,
        total_amount: i64,
        payload: &str,
    ) -> PaymentAttempt {
        self.shared.begin_payment(|world| {
            world.person(user);
            let currency = currency.to_owned();
            world.ask_bot(PaymentRequest {
                currency,
                total_amount,
                ..PaymentRequest::without_message(user, 0, payload)
            })
        })
    }

    /// Makes a payment without asking the bot, and sends the update, as if an earlier process of the bot had
    /// agreed. The person may be unknown to the bot; the wallet must suffice.
    pub fn pay_unasked(&self, user: i64, stars: u32, payload: &str) -> PaymentAttempt {
        self.shared.change(|world| world.pay_unasked(user, stars, payload, Notify::Bot))
    }

    /// Makes a payment whose update is lost: only the chat and `getStarTransactions` show it. The wallet must
    /// suffice.
    pub fn pay_unheard(&self, user: i64, stars: u32, payload: &str) -> PaymentAttempt {
        self.shared.change(|world| world.pay_unasked(user, stars, payload, Notify::Nobody))
    }

    /// Refunds a payment on Telegram's side, without a call of the bot. Returns the id of the update with
    /// `refunded_payment` (0 if the bot does not receive messages). Returns `None` if there is no such
    /// payment, it was refunded before, or the bot has fewer Stars.
    pub fn refund_by_telegram(&self, charge_id: &str) -> Option<i64> {
        self.shared.change(|world| world.refund(charge_id).ok())
    }

    /// Refunds a payment on Telegram's side, but loses the update: only the chat and `getStarTransactions`
    /// show it. Returns `false` in the cases in which [`refund_by_telegram`](Self::refund_by_telegram)
    /// returns `None`.
    pub fn refund_unheard(&self, charge_id: &str) -> bool {
        self.shared.change(|world| world.give_back(charge_id).is_ok())
    }

    /// Withdraws Stars as the bot's owner. Returns `false` if the bot has fewer.
    pub fn withdraw_stars(&self, stars: u32) -> bool {
        self.shared.change(|world| {
            let id = world.stars.next_charge();
            world.stars.ledger.withdraw(stars, &id)
        })
    }

    /// Returns a person's payment attempts, oldest first.
    pub fn payments(&self, user: i64) -> Vec<PaymentAttempt> {
        self.view(|view| view.payments(user).cloned().collect())
    }
}
