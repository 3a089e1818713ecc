//! Voice messages and video notes: heard before they are answered, quoted, paid once to the last digit, and
//! kept whatever happens.

mod heard;
mod interrupted;
mod unheard;

use playground::openai::{OpenAi, Outcome, Request, Settings};
use rust_decimal::Decimal;

use crate::harness::{BOUND, Bot};

pub(crate) const PENDING: &str = "SELECT count(*) FROM transcriptions WHERE state = 'pending'";

pub(crate) const HOLDS: &str = "SELECT count(*) FROM users WHERE held <> 0";

/// A bot that can hear, and what transcribes for it.
pub(crate) struct Phone {
    pub bot: Bot,
    pub openai: OpenAi,
}

impl Phone {
    pub(crate) async fn start() -> Self {
        Self::with([]).await
    }

    pub(crate) async fn with<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let mut phone = Self::prepare(settings).await;
        phone.bot.run().await;
        phone
    }

    pub(crate) async fn prepare<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let openai = OpenAi::start(Settings::default()).await.unwrap();
        let mut bot = Bot::prepare(settings).await;
        bot.set("OPENAI_API_KEY", "sk-test");
        bot.set("OPENAI_BASE_URL", &openai.url());
        Self { bot, openai }
    }

    /// Waits for the `number`th request for a transcript (from 1).
    pub(crate) async fn heard(&self, number: usize) -> Request {
        let what = format!("request {number} for a transcript");
        self.openai.until(&what, BOUND, |requests| requests.get(number - 1).cloned()).await.unwrap()
    }

    /// Returns the charges for transcripts, oldest first.
    pub(crate) async fn charges(&self) -> Vec<Decimal> {
        let charges =
            "SELECT -amount FROM balance_operations WHERE kind = 'transcription' ORDER BY created_at, seq";
        sqlx::query_scalar(charges).fetch_all(self.bot.books()).await.unwrap()
    }

    /// Asserts that nothing was refused, and that nothing is left.
    pub(crate) async fn end(self) {
        let refusals: Vec<Outcome> =
            self.openai.refusals().into_iter().map(|refused| refused.outcome).collect();
        assert!(refusals.is_empty(), "the transcription API refused requests: {refusals:?}");
        self.end_with_refusals().await;
    }

    pub(crate) async fn end_with_refusals(self) {
        self.bot.database.until(PENDING, 0).await;
        self.bot.end().await;
    }
}

pub(crate) fn usd(amount: &str) -> Decimal {
    amount.parse().unwrap()
}
