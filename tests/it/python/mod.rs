//! Python in sandboxes: what the code says and makes reaches the model and the person, every second is paid,
//! nothing runs on after a stop, and no sandbox outlives its use.

mod file_exchange;
mod runs;
mod sandboxes;
mod service_faults;

use playground::anthropic::{Reply, Step, StopReason};
use playground::e2b::{Call, E2b, Operation, Settings};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::harness::{BOUND, Bot};

const OPEN_TURNS: &str = "SELECT count(*) FROM turns WHERE state = 'open'";
const LEASED: &str = "SELECT count(*) FROM sandboxes WHERE leased_until > now()";
const UNWANTED: &str = "SELECT count(*) FROM sandbox_deletions";

/// A bot that can run Python, and where it runs.
pub(crate) struct Lab {
    pub(crate) bot: Bot,
    pub(crate) e2b: E2b,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        Self::with([]).await
    }

    pub(crate) async fn with<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let e2b = E2b::start(Settings::default()).await.unwrap();
        let mut bot = Bot::prepare(settings).await;
        bot.set("E2B_API_KEY", &Settings::default().api_key);
        bot.set("E2B_API_URL", &e2b.url());
        bot.set("E2B_SANDBOX_URL", &e2b.url());
        bot.run().await;
        Self { bot, e2b }
    }

    /// Lets the model run code in its next answer, and end after the result.
    fn scripts(&self, input: Value) {
        self.scripts_all(&[input]);
    }

    /// Lets the model call the tool several times in one round.
    fn scripts_all(&self, inputs: &[Value]) {
        let call = |input: &Value| Step::ToolUse { name: "execute_python".to_owned(), input: input.clone() };
        let calls = inputs.iter().map(call).chain([Step::Stop(StopReason::ToolUse)]);
        self.bot.model.script(Reply::steps(calls.collect()));
        self.bot.model.script(Reply::steps(vec![Step::Text("Done.".to_owned())]));
    }

    /// Lets the model run code in its next answer, and scripts no more.
    fn calls(&self, code: &str) {
        let call = Step::ToolUse { name: "execute_python".to_owned(), input: json!({ "code": code }) };
        self.bot.model.script(Reply::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
    }

    /// Lets Ann ask for code; returns what the model reads as its result.
    async fn runs(&self, input: Value) -> Value {
        self.scripts(input);
        self.bot.ask("Compute it.").await;
        self.results().pop().unwrap()
    }

    async fn code(&self, code: &str) -> Value {
        self.runs(json!({ "code": code })).await
    }

    /// The results in the newest request, in order.
    fn results(&self) -> Vec<Value> {
        let request = self.bot.model.requests().pop().unwrap();
        let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        let results = blocks.as_array().unwrap().iter().filter(|block| block["type"] == "tool_result");
        results.map(|block| serde_json::from_str(text(&block["content"])).unwrap()).collect()
    }

    /// The pictures in the newest result.
    fn pictures(&self) -> Vec<Value> {
        let request = self.bot.model.requests().pop().unwrap();
        let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        let content = blocks[0]["content"].as_array().cloned().unwrap_or_default();
        content.into_iter().filter(|block| block["type"] == "image").collect()
    }

    /// Waits for the `number`th execution (from 1).
    async fn executes(&self, number: usize) -> Call {
        let of_kind = move |calls: &[Call]| {
            calls.iter().filter(|call| call.operation == Operation::Execute).nth(number - 1).cloned()
        };
        self.e2b.until("the execution", BOUND, of_kind).await.unwrap()
    }

    /// Returns how each use of a sandbox ended, its seconds and its cost.
    async fn paid(&self) -> Vec<(String, Decimal, Decimal)> {
        self.bot.database.until(OPEN_TURNS, 0).await;
        sqlx::query_as(
            "SELECT ended, seconds, cost FROM model_calls WHERE model_id = 'e2b' ORDER BY turn_id, call",
        )
        .fetch_all(self.bot.books())
        .await
        .unwrap()
    }

    /// Waits until no sandbox is used, and asserts that there are so many.
    async fn rests(&self, sandboxes: usize) {
        self.bot.database.until(LEASED, 0).await;
        self.bot.database.until(UNWANTED, 0).await;
        let alive = self.e2b.sandboxes();
        assert_eq!(alive.len(), sandboxes, "{alive:#?}");
    }

    pub(crate) async fn end(self) {
        let refusals = self.e2b.refusals();
        assert!(refusals.is_empty(), "the sandbox service refused calls: {refusals:#?}");
        self.bot.end().await;
    }
}

fn text(content: &Value) -> &str {
    content.as_str().or(content[0]["text"].as_str()).unwrap()
}
