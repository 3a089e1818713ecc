//! What people do with Stars: fill a wallet, pay, try to cheat; and what happens outside any chat:
//! Telegram gives a payment back, the bot's owner cashes in, time runs out.

use std::sync::Arc;
use std::time::Instant;

use super::super::shared::{Shared, Telegram};
use super::super::world::World;
use super::state::{CURRENCY, PaymentRequest};
use super::types::{PaymentAttempt, PaymentFailure, PaymentState};

/// Ends attempts that the bot does not answer in time; runs until the emulator stops.
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
    /// Lets a person act, and has the time watched that the bot then has.
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
    /// A payment that no message stands for, for Stars.
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

    /// A tap on the pay button of an invoice message.
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

    /// The app looks into the wallet before anybody asks the bot.
    fn try_to_pay(&mut self, ask: PaymentRequest) -> PaymentAttempt {
        if i64::from(self.stars.ledger.wallet(ask.user)) < ask.total_amount {
            return self.fail_attempt(ask, PaymentFailure::NotEnoughStars);
        }
        self.ask_bot(ask)
    }

    /// Makes a payment that the bot was not asked about.
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

/// Who learns of a payment.
#[derive(Debug, Clone, Copy)]
enum Notify {
    Bot,
    Nobody,
}

impl Telegram {
    /// Puts this many Stars into a person's wallet, whatever was in it. Wallets begin empty.
    pub fn set_stars(&self, user: i64, stars: u32) {
        self.shared.change(|world| world.set_wallet(user, stars));
    }

    /// Stars in a person's wallet.
    pub fn stars(&self, user: i64) -> u32 {
        self.shared.look(|world| world.stars.ledger.wallet(user))
    }

    /// Stars of the bot, as `getMyStarBalance` tells.
    pub fn bot_stars(&self) -> u32 {
        self.shared.look(|world| world.stars.ledger.bot())
    }

    /// A person taps the pay button of an invoice message and confirms. With enough Stars in the wallet
    /// the bot is asked and has `Settings::checkout_limit` to answer; wait for the outcome with `until`
    /// and `View::payment`. Every call is an attempt of its own, as a double tap is two. The person may
    /// be somebody else than the invoice was sent to, as if it had been forwarded; the payment then
    /// shows in that person's own chat with the bot.
    pub fn pay(&self, chat: i64, user: i64, message_id: i64) -> PaymentAttempt {
        self.shared.begin_payment(|world| world.pay(chat, user, message_id))
    }

    /// A person pays by a link of `createInvoiceLink`; works like `pay`.
    pub fn pay_link(&self, user: i64, link: &str) -> PaymentAttempt {
        self.shared.begin_payment(|world| world.pay_link(user, link))
    }

    /// A pre-checkout query that belongs to no invoice, with whatever somebody forged. If the bot agrees,
    /// it is paid like any other as far as it is in Stars and the wallet suffices.
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

    /// A payment that the bot is not asked about but told of, as if it had agreed in another life. The
    /// person may be one it has never seen; the wallet must suffice.
    pub fn pay_unasked(&self, user: i64, stars: u32, payload: &str) -> PaymentAttempt {
        self.shared.change(|world| world.pay_unasked(user, stars, payload, Notify::Bot))
    }

    /// A payment whose update is lost: it shows in the chat and in `getStarTransactions` only. The
    /// wallet must suffice.
    pub fn pay_unheard(&self, user: i64, stars: u32, payload: &str) -> PaymentAttempt {
        self.shared.change(|world| world.pay_unasked(user, stars, payload, Notify::Nobody))
    }

    /// Telegram itself gives a payment back, without the bot having asked for it. Returns the id of the
    /// update with `refunded_payment` (0 when the bot does not get messages); `None` when there is no
    /// such payment, it was given back before, or the bot has fewer Stars.
    pub fn refund_by_telegram(&self, charge_id: &str) -> Option<i64> {
        self.shared.change(|world| world.refund(charge_id).ok())
    }

    /// The same, but the update is lost: it shows in the chat and in `getStarTransactions` only. `false` where
    /// `refund_by_telegram` gives `None`.
    pub fn refund_unheard(&self, charge_id: &str) -> bool {
        self.shared.change(|world| world.give_back(charge_id).is_ok())
    }

    /// The bot's owner cashes Stars in; `false` when the bot has fewer.
    pub fn withdraw_stars(&self, stars: u32) -> bool {
        self.shared.change(|world| {
            let id = world.stars.next_charge();
            world.stars.ledger.withdraw(stars, &id)
        })
    }

    /// All attempts of a person to pay, oldest first.
    pub fn payments(&self, user: i64) -> Vec<PaymentAttempt> {
        self.view(|view| view.payments(user).cloned().collect())
    }
}
