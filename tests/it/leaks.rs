//! Nothing of ours reaches the model or a person, whatever fails: no key, address, path, name of a source
//! file or words of a library.

use playground::anthropic::{Reply, Step, StopReason};
use playground::e2b::{self, E2b};
use playground::gemini::{self, Gemini};
use playground::openai::{self, OpenAi};
use playground::samples;
use playground::telegram::{Attachment, NewFile};
use serde_json::{Value, json};

use crate::harness::{ANN, Bot, conversation};

/// Parts of texts that only our side knows, or that only a program says.
const OURS: &[&str] = &[
    "sk-ant-test",
    "123456:TEST-TOKEN",
    "AIza-test",
    "127.0.0.1",
    "localhost",
    "postgres",
    "sqlx",
    "reqwest",
    "hyper",
    "serde",
    "tokio",
    "os error",
    "tcp connect",
    "Connection refused",
    "error sending request",
    "panicked",
    "src/",
    ".rs:",
    "/tmp/",
    "/root/",
];

/// Calls of every tool that can fail, for a file of the conversation.
fn calls(audio: &str, broken: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("execute_python", json!({"code": "print(1)"})),
        (
            "execute_python",
            json!({"code": "print(1)", "file_ids": [audio], "requirements": ["numpy; rm -rf /"]}),
        ),
        ("generate_image", json!({"prompt": "a cat"})),
        ("generate_image", json!({"prompt": "a cat", "source_file_ids": [broken]})),
        ("transcribe_audio", json!({"file_id": audio})),
        ("transcribe_audio", json!({"file_id": broken})),
        ("analyze_image", json!({"file_id": audio, "question": "What is it?"})),
        ("analyze_pdf", json!({"file_id": broken, "question": "What is it?"})),
        ("preview_file", json!({"file_id": broken})),
        ("preview_file", json!({"file_id": "../../etc/passwd"})),
        ("deliver_file", json!({"file_id": "file_0"})),
        ("list_files", json!({})),
        ("render_latex", json!({"latex": r"\nosuch{"})),
        ("cost_estimator", json!({"input_chars": "many"})),
        ("self_critique", json!({"user_request": " ", "content": ""})),
        ("no_such_tool", json!({})),
    ]
}

fn assert_clean(what: &str, text: &str) {
    for ours in OURS {
        assert!(!text.contains(ours), "{what} tells {ours}: {text}");
    }
}

/// A bot with all services, which can go away.
struct World {
    bot: Bot,
    e2b: E2b,
    gemini: Gemini,
    openai: OpenAi,
    keys: [String; 2],
}

impl World {
    async fn start() -> Self {
        let e2b = E2b::start(e2b::Settings::default()).await.unwrap();
        let gemini = Gemini::start(gemini::Settings::default()).await.unwrap();
        let openai = OpenAi::start(openai::Settings::default()).await.unwrap();
        let keys = [e2b::Settings::default().api_key, openai::Settings::default().api_key];
        let mut bot = Bot::prepare([("OPENAI_TIMEOUT_SECONDS", "2"), ("GOOGLE_TIMEOUT_SECONDS", "2")]).await;
        for (name, value) in [
            ("E2B_API_KEY", keys[0].as_str()),
            ("E2B_API_URL", &e2b.url()),
            ("E2B_SANDBOX_URL", &e2b.url()),
            ("GOOGLE_API_KEY", "AIza-test"),
            ("GOOGLE_BASE_URL", &gemini.url()),
            ("OPENAI_API_KEY", keys[1].as_str()),
            ("OPENAI_BASE_URL", &openai.url()),
        ] {
            bot.set(name, value);
        }
        bot.run().await;
        Self { bot, e2b, gemini, openai, keys }
    }

    /// Lets the model call these tools in one round; returns the blocks of the results.
    async fn called(&self, calls: Vec<(&'static str, Value)>) -> Vec<Value> {
        let steps = calls.into_iter().map(|(name, input)| Step::ToolUse { name: name.to_owned(), input });
        self.bot.model.script(Reply::steps(steps.chain([Step::Stop(StopReason::ToolUse)]).collect()));
        self.bot.model.script(Reply::text("That is what I got."));
        self.bot.ask("Try that.").await;
        let request = self.bot.model.requests().pop().unwrap();
        let results = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        results.as_array().unwrap().clone()
    }

    /// Sends files; returns the ids of a song and of a table that cannot be read.
    async fn files(&self) -> (String, String) {
        let song = NewFile::new(Attachment::Audio, "song.wav", "audio/wav", samples::wav(2));
        let broken = b"PK\x03\x04 broken".to_vec();
        let table = NewFile::new(Attachment::Document, "table.xlsx", "application/zip", broken);
        for (number, file) in (1..).zip([song, table]) {
            self.bot.telegram.send(ANN, ANN, file.captioned("Keep this."));
            self.bot.answer(ANN, number).await;
        }
        let listed = self.called(vec![("list_files", json!({}))]).await;
        let listed: Value = serde_json::from_str(listed[0]["content"].as_str().unwrap()).unwrap();
        let id = |name: &str| -> String {
            let file = listed["files"].as_array().unwrap().iter().find(|file| file["name"] == name).unwrap();
            file["file_id"].as_str().unwrap().to_owned()
        };
        (id("song.wav"), id("table.xlsx"))
    }
}

#[tokio::test]
async fn services_that_are_away_and_wrong_calls_tell_nothing_of_ours() {
    let world = World::start().await;
    let (audio, broken) = world.files().await;
    let World { bot, e2b, gemini, openai, keys } = &world;
    e2b.stop().await;
    gemini.stop().await;
    openai.stop().await;
    let calls = calls(&audio, &broken);
    let count = calls.len();
    let results = world.called(calls).await;
    assert_eq!(results.len(), count);
    let failed = results.iter().filter(|result| result["is_error"] == true).count();
    assert_eq!(failed, count - 1, "all but list_files");
    for result in &results {
        assert_clean("a result", &result["content"].to_string());
    }
    for request in bot.model.requests() {
        assert_clean("a prompt", &conversation(&request).join("\n"));
        assert!(keys.iter().all(|key| !request.body.to_string().contains(key.as_str())), "a key is told");
    }
    assert_clean("the chat", &bot.screen(ANN));
    world.bot.end().await;
}
