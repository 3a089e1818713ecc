//! `generate_image`: from a wish to the picture in the chat, to the books and to the next prompt.

mod service;
mod sources;
mod wishes;

use playground::anthropic::{Recorded, Reply as Answer, Step, StopReason};
use playground::gemini::{Gemini, Outcome, Settings};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::harness::Bot;

/// A bot that draws, and what draws for it.
pub(crate) struct Studio {
    pub bot: Bot,
    pub gemini: Gemini,
}

impl Studio {
    pub(crate) async fn open() -> Self {
        Self::with([]).await
    }

    pub(crate) async fn with<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let mut studio = Self::prepare(settings).await;
        studio.bot.run().await;
        studio
    }

    pub(crate) async fn prepare<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let gemini = Gemini::start(Settings::default()).await.unwrap();
        let mut bot = Bot::prepare(settings).await;
        bot.set("GOOGLE_API_KEY", "AIza-test");
        bot.set("GOOGLE_BASE_URL", &gemini.url());
        Self { bot, gemini }
    }

    /// Lets the model say something, draw with each of these arguments, and end after the results.
    pub(crate) fn draws(&self, before: &str, inputs: &[Value]) {
        let text = (!before.is_empty()).then(|| Step::Text(before.to_owned()));
        let calls = inputs
            .iter()
            .map(|input| Step::ToolUse { name: "generate_image".to_owned(), input: input.clone() });
        let steps = text.into_iter().chain(calls).chain([Step::Stop(StopReason::ToolUse)]);
        self.bot.model.script(Answer::steps(steps.collect()));
        self.bot.model.script(Answer::text("That is all."));
    }

    /// Waits until no turn is open and nothing is owed.
    pub(crate) async fn settled(&self) {
        self.bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
        self.bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    }

    /// Returns the calls of the image model in the books: how each ended, its usage and its cost.
    pub(crate) async fn calls(&self) -> Vec<Drawn> {
        sqlx::query_as(
            "SELECT ended, input, output, image_output, estimated, cost, payer FROM model_calls
             WHERE model_id = 'gemini-3-pro-image' ORDER BY turn_id, attempt, call",
        )
        .fetch_all(self.bot.books())
        .await
        .unwrap()
    }

    pub(crate) async fn end(self) {
        let refusals: Vec<Outcome> =
            self.gemini.refusals().into_iter().map(|refused| refused.outcome).collect();
        assert!(refusals.is_empty(), "the image model refused requests: {refusals:?}");
        self.bot.end().await;
    }
}

/// A row of the books.
#[derive(sqlx::FromRow, Debug, PartialEq)]
pub(crate) struct Drawn {
    pub ended: String,
    pub input: i64,
    pub output: i64,
    pub image_output: i64,
    pub estimated: bool,
    pub cost: Decimal,
    pub payer: Option<String>,
}

pub(crate) fn usd(amount: &str) -> Decimal {
    amount.parse().unwrap()
}

/// Returns the tool results in the newest message of a request, and the pictures below each.
pub(crate) fn results(request: &Recorded) -> Vec<(Value, Vec<Value>)> {
    let newest = request.body["messages"].as_array().unwrap().last().unwrap();
    let blocks = newest["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_result");
    let read = |block: &Value| {
        let parts = block["content"].as_array().cloned().unwrap_or_default();
        let text =
            block["content"].as_str().or(parts.first().and_then(|part| part["text"].as_str())).unwrap();
        let images = parts.iter().filter(|part| part["type"] == "image").cloned().collect();
        (serde_json::from_str(text).unwrap(), images)
    };
    blocks.map(read).collect()
}

/// Returns the charges for answers, oldest first.
pub(crate) async fn charges(bot: &Bot) -> Vec<Decimal> {
    sqlx::query_scalar("SELECT -amount FROM balance_operations WHERE kind = 'usage' ORDER BY created_at, seq")
        .fetch_all(bot.books())
        .await
        .unwrap()
}
