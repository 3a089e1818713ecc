//! Helpers of the tests of money: give a command and read its answer, buy, inspect the books.

use std::time::Duration;

use playground::telegram::{self, Message, PaymentAttempt, PaymentFailure, PaymentState, Person, Receipt};
use sqlx::AssertSqlSafe;

use super::{ANN, BOB, BOUND, Bot};

/// Olga, an administrator in the tests that say so.
pub(crate) const OLGA: i64 = 44;

/// The pause between two queries of the database, which does not report changes.
const LOOK: Duration = Duration::from_millis(20);

impl Bot {
    /// Starts a bot that gives every user ten cents, in a world in which Olga is an administrator, and Ann
    /// and Bob have Stars.
    pub(crate) async fn of_olga<const N: usize>(settings: [(&str, &str); N]) -> Self {
        Self::of_olga_in(telegram::Settings::default(), settings).await
    }

    /// Starts the same bot with a Telegram that waits this long for the answer to a pre-checkout query.
    pub(crate) async fn in_a_hurry(checkout_limit: Duration) -> Self {
        let settings = telegram::Settings { checkout_limit, ..telegram::Settings::default() };
        Self::of_olga_in(settings, []).await
    }

    /// Starts the same bot with a Telegram that enforces its limits, and with the bot's own limits as in real use.
    pub(crate) async fn under_limits_of_olga() -> Self {
        let strict = telegram::Settings { enforce_rates: true, ..telegram::Settings::default() };
        Self::of_olga_in(strict, [("TELEGRAM_SENDS_PER_SECOND", "30")]).await
    }

    async fn of_olga_in<const N: usize>(emulator: telegram::Settings, settings: [(&str, &str); N]) -> Self {
        let mut bot = Self::prepare_in(emulator, settings).await;
        for (name, value) in [("PRIVILEGED_USERS", "44"), ("STARTER_BALANCE_USD", "0.10")] {
            if settings.iter().all(|(set, _)| *set != name) {
                bot.set(name, value);
            }
        }
        for (id, name) in [(ANN, "Ann"), (BOB, "Bob"), (OLGA, "Olga")] {
            bot.telegram.add_user(person(id, name, &name.to_lowercase(), "en"));
            bot.telegram.set_stars(id, 5_000);
        }
        bot.run().await;
        bot
    }

    /// Sends a command in the private chat and returns the answer.
    pub(crate) async fn command_of(&self, user: i64, text: &str) -> String {
        let said = self.telegram.say(user, user, text);
        self.reply_to(said.update_id).await.text
    }

    /// Sends a command by Ann and returns the answer.
    pub(crate) async fn tell(&self, text: &str) -> String {
        self.command_of(ANN, text).await
    }

    /// Returns the message that answers an update.
    pub(crate) async fn reply_to(&self, update: i64) -> Message {
        self.message_of(&format!("update:{update}")).await
    }

    /// Returns the message with this outbox key, once the chat shows it.
    pub(crate) async fn message_of(&self, key: &str) -> Message {
        let sent = async {
            loop {
                let row: Option<(i64, i32)> = sqlx::query_as(
                    "SELECT chat_id, message_id FROM outbox WHERE key = $1 AND message_id IS NOT NULL",
                )
                .bind(key)
                .fetch_optional(self.books())
                .await
                .unwrap();
                match row {
                    Some(row) => return row,
                    None => tokio::time::sleep(LOOK).await,
                }
            }
        };
        let found = tokio::time::timeout(BOUND, sent).await;
        let (chat, id) = found.unwrap_or_else(|_| panic!("no message {key}\n{}", self.screen(ANN)));
        self.telegram.messages(chat).into_iter().find(|message| message.id == i64::from(id)).unwrap()
    }

    /// Waits for a message of the bot that contains `part`.
    pub(crate) async fn hears(&self, chat: i64, part: &str) -> String {
        let what = format!("'{part}' in chat {chat}");
        let heard = self.telegram.until(&what, BOUND, |view| {
            view.answers(chat).find(|message| message.text.contains(part)).map(|m| m.text.clone())
        });
        heard.await.unwrap()
    }

    /// Presses a button below a message of the bot, or forges a press; returns the answer to the press.
    pub(crate) async fn tap(&self, chat: i64, from: i64, message: i64, data: &str) -> Option<String> {
        let callback = self.telegram.press(chat, from, message, data);
        let answered = self.telegram.until("the answer to a tap", BOUND, |view| {
            view.press_answer(&callback).map(|answer| answer["text"].as_str().map(str::to_owned))
        });
        answered.await.unwrap()
    }

    /// Requests the packages and presses one of them; returns the invoice.
    pub(crate) async fn invoice(&self, user: i64, stars: u32) -> Message {
        let said = self.telegram.say(user, user, "/pay");
        let packages = self.reply_to(said.update_id).await;
        let before = self.invoices(user).len();
        self.tap(user, user, packages.id, &format!("buy:{stars}")).await;
        self.nth_invoice(user, before + 1).await
    }

    /// Returns the invoices of a chat.
    pub(crate) fn invoices(&self, chat: i64) -> Vec<Message> {
        self.telegram.view(|view| view.invoices(chat).cloned().collect())
    }

    /// Returns the `number`th invoice of a chat (from 1), once it is there.
    pub(crate) async fn nth_invoice(&self, chat: i64, number: usize) -> Message {
        let what = format!("invoice {number} in chat {chat}");
        let found = self.telegram.until(&what, BOUND, |view| view.invoices(chat).nth(number - 1).cloned());
        let invoice = found.await.unwrap();
        self.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
        invoice
    }

    /// Returns how an attempt to pay ended.
    pub(crate) async fn outcome(&self, attempt: &PaymentAttempt) -> PaymentState {
        let ended = self.telegram.until("the end of a payment", BOUND, |view| {
            let state = &view.payment(attempt.number)?.state;
            (*state != PaymentState::Waiting).then(|| state.clone())
        });
        ended.await.unwrap()
    }

    /// Pays an invoice and waits for the receipt.
    pub(crate) async fn pay(&self, chat: i64, user: i64, invoice: &Message) -> Receipt {
        let attempt = self.telegram.pay(chat, user, invoice.id);
        let state = self.outcome(&attempt).await;
        let PaymentState::Paid(receipt) = state else { panic!("not paid: {state:?}") };
        self.message_of(&format!("receipt:{}", receipt.charge_id)).await;
        receipt
    }

    /// Buys a package, from the command to the receipt.
    pub(crate) async fn buy(&self, user: i64, stars: u32) -> Receipt {
        let invoice = self.invoice(user, stars).await;
        self.pay(user, user, &invoice).await
    }

    /// Returns why an attempt was declined.
    pub(crate) async fn refusal(&self, attempt: &PaymentAttempt) -> String {
        let state = self.outcome(attempt).await;
        let PaymentState::Failed(PaymentFailure::Declined(words)) = state else {
            panic!("not declined: {state:?}")
        };
        words
    }

    /// Returns the payload of the newest invoice.
    pub(crate) async fn newest_payload(&self) -> String {
        let newest = "SELECT payload FROM invoices ORDER BY id DESC LIMIT 1";
        sqlx::query_scalar(newest).fetch_one(self.books()).await.unwrap()
    }

    /// Returns the balance of a user with all digits.
    pub(crate) async fn has(&self, user: i64) -> String {
        let balance = "SELECT trim_scale(balance)::text FROM users WHERE id = $1";
        sqlx::query_scalar(balance).bind(user).fetch_one(self.books()).await.unwrap()
    }

    /// Returns the ledger operations of a user as `kind amount`, oldest first.
    pub(crate) async fn operations(&self, user: i64) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT kind || ' ' || trim_scale(amount) FROM balance_operations WHERE user_id = $1 ORDER BY seq",
        )
        .bind(user)
        .fetch_all(self.books())
        .await
        .unwrap()
    }

    /// Changes the books directly in the database.
    pub(crate) async fn sql(&self, statement: &str) {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(self.books()).await.unwrap();
    }

    /// Returns how many calls of a method Telegram has carried out.
    pub(crate) fn carried_out(&self, method: &str) -> usize {
        let done = |call: &&playground::telegram::Call| call.answer == playground::telegram::CallOutcome::Ok;
        self.telegram
            .view(|view| view.calls().iter().filter(|call| call.method == method).filter(done).count())
    }

    /// Returns whether the log has a line with `part` by now.
    pub(crate) fn has_logged(&self, part: &str) -> bool {
        self.instances.log().iter().any(|line| line.contains(part))
    }
}

/// Creates a person with a username by which an administrator can find them.
pub(crate) fn person(id: i64, first_name: &str, username: &str, language: &str) -> Person {
    Person {
        username: Some(username.to_owned()),
        language_code: Some(language.to_owned()),
        ..Person::new(id, first_name)
    }
}
