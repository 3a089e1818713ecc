//! A bot with everything that its tools need, and the services behind them.

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::e2b::{self, E2b};
use playground::gemini::{self, Gemini};
use playground::openai::{self, OpenAi};
use playground::telegram::NewFile;
use rust_decimal::Decimal;
use serde_json::Value;
use starling::domain::file_id::PublicFileId;

use crate::harness::{ANN, BOUND, Bot};

const OPEN_TURNS: &str = "SELECT count(*) FROM turns WHERE state = 'open'";
const OWED: &str = "SELECT count(*) FROM outbox WHERE state = 'pending'";
const LEASED: &str = "SELECT count(*) FROM sandboxes WHERE leased_until > now()";
const UNWANTED: &str = "SELECT count(*) FROM sandbox_deletions";

/// A bot with all tools.
pub(crate) struct Workshop {
    pub(crate) bot: Bot,
    pub(crate) e2b: E2b,
    pub(crate) gemini: Gemini,
    pub(crate) openai: OpenAi,
}

/// The result of a tool as the model reads it.
#[derive(Debug)]
pub(crate) struct ToolResult {
    /// The text, as JSON.
    pub(crate) content: Value,
    pub(crate) failed: bool,
}

impl Workshop {
    pub(crate) async fn open() -> Self {
        Self::with([]).await
    }

    pub(crate) async fn with<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let e2b = E2b::start(e2b::Settings::default()).await.unwrap();
        let gemini = Gemini::start(gemini::Settings::default()).await.unwrap();
        let openai = OpenAi::start(openai::Settings::default()).await.unwrap();
        let mut bot = Bot::prepare(settings).await;
        for (name, value) in [
            ("E2B_API_KEY", Self::keys()[0].as_str()),
            ("E2B_API_URL", &e2b.url()),
            ("E2B_SANDBOX_URL", &e2b.url()),
            ("GOOGLE_API_KEY", &Self::keys()[1]),
            ("GOOGLE_BASE_URL", &gemini.url()),
            ("OPENAI_API_KEY", &Self::keys()[2]),
            ("OPENAI_BASE_URL", &openai.url()),
        ] {
            bot.set(name, value);
        }
        bot.run().await;
        Self { bot, e2b, gemini, openai }
    }

    /// The keys of the services: of sandboxes, pictures and speech.
    pub(crate) fn keys() -> [String; 3] {
        [
            e2b::Settings::default().api_key,
            gemini::Settings::default().api_key,
            openai::Settings::default().api_key,
        ]
    }

    /// Begins a conversation of Ann's, with a file if there is one. Returns the file's id, else "".
    pub(crate) async fn begin(&self, file: Option<NewFile>) -> String {
        let Some(file) = file else {
            self.bot.ask("hello").await;
            self.settled().await;
            return String::new();
        };
        self.bot.telegram.send(ANN, ANN, file.captioned("Keep this."));
        self.bot.answer(ANN, 1).await;
        self.settled().await;
        self.file_ids().await.pop().unwrap()
    }

    /// Returns the ids of the files that people have sent, oldest first.
    pub(crate) async fn file_ids(&self) -> Vec<String> {
        let rows: Vec<String> = sqlx::query_scalar("SELECT public_id::text FROM files ORDER BY id")
            .fetch_all(self.bot.books())
            .await
            .unwrap();
        rows.iter().map(|row| PublicFileId::from_column(row).unwrap().to_string()).collect()
    }

    /// Waits until no turn is open and nothing is owed.
    pub(crate) async fn settled(&self) {
        self.bot.database.until(OPEN_TURNS, 0).await;
        self.bot.database.until(OWED, 0).await;
    }

    /// Waits for a draft of Ann's that contains `part`.
    pub(crate) async fn draft_with(&self, part: &str) {
        let what = format!("a draft with {part}");
        let seen = self.bot.telegram.until(&what, BOUND, |view| {
            view.live_draft(ANN).filter(|draft| draft.text.contains(part)).map(drop)
        });
        seen.await.unwrap();
    }

    /// Waits until no sandbox is used, and returns how many there are.
    pub(crate) async fn resting_sandboxes(&self) -> usize {
        self.bot.database.until(LEASED, 0).await;
        self.bot.database.until(UNWANTED, 0).await;
        self.e2b.sandboxes().len()
    }

    /// Returns what the turns of all people have cost them, transcripts included.
    pub(crate) async fn charged(&self) -> Decimal {
        self.sum("SELECT coalesce(sum(-amount), 0) FROM balance_operations WHERE kind <> 'starter'").await
    }

    /// Returns a sum of the books.
    pub(crate) async fn sum(&self, query: &'static str) -> Decimal {
        sqlx::query_scalar(query).fetch_one(self.bot.books()).await.unwrap()
    }

    /// Asserts that no service has refused a request, and that nothing is left.
    pub(crate) async fn end(self) {
        let Self { bot, e2b, gemini, openai } = self;
        assert!(e2b.refusals().is_empty(), "the sandbox service refused: {:#?}", e2b.refusals());
        assert!(gemini.refusals().is_empty(), "the image service refused: {:#?}", gemini.refusals());
        assert!(openai.refusals().is_empty(), "the speech service refused: {:#?}", openai.refusals());
        bot.end().await;
    }
}

/// An answer that says something and calls these tools in one round.
pub(crate) fn calling(before: &str, calls: impl IntoIterator<Item = (String, Value)>) -> Reply {
    let text = (!before.is_empty()).then(|| Step::Text(before.to_owned()));
    let calls = calls.into_iter().map(|(name, input)| Step::ToolUse { name, input });
    Reply::steps(text.into_iter().chain(calls).chain([Step::Stop(StopReason::ToolUse)]).collect())
}

/// Returns the results of tools in the newest message of a request, in order.
pub(crate) fn results(request: &Recorded) -> Vec<ToolResult> {
    let newest = request.body["messages"].as_array().unwrap().last().unwrap();
    let blocks = newest["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_result");
    let read = |block: &Value| {
        let content = &block["content"];
        let text = content.as_str().or(content[0]["text"].as_str()).unwrap();
        let content = serde_json::from_str(text).unwrap_or_else(|_| panic!("no JSON: {text}"));
        ToolResult { content, failed: block["is_error"] == true }
    };
    blocks.map(read).collect()
}
