//! Nothing of ours reaches the model or a person, whatever fails: no key, address, path, name of a source file
//! or words of a library.

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

#[tokio::test]
async fn services_that_are_away_and_wrong_calls_tell_nothing_of_ours() {
    let e2b = E2b::start(e2b::Settings::default()).await.unwrap();
    let gemini = Gemini::start(gemini::Settings::default()).await.unwrap();
    let openai = OpenAi::start(openai::Settings::default()).await.unwrap();
    let (e2b_key, openai_key) = (e2b::Settings::default().api_key, openai::Settings::default().api_key);
    let mut bot = Bot::prepare([("OPENAI_TIMEOUT_SECONDS", "2"), ("GOOGLE_TIMEOUT_SECONDS", "2")]).await;
    for (name, value) in [
        ("E2B_API_KEY", e2b_key.as_str()),
        ("E2B_API_URL", &e2b.url()),
        ("E2B_SANDBOX_URL", &e2b.url()),
        ("GOOGLE_API_KEY", "AIza-test"),
        ("GOOGLE_BASE_URL", &gemini.url()),
        ("OPENAI_API_KEY", openai_key.as_str()),
        ("OPENAI_BASE_URL", &openai.url()),
    ] {
        bot.set(name, value);
    }
    bot.run().await;
    let song = NewFile::new(Attachment::Audio, "song.wav", "audio/wav", samples::wav(2));
    let table =
        NewFile::new(Attachment::Document, "table.xlsx", "application/zip", b"PK\x03\x04 broken".to_vec());
    bot.telegram.send(ANN, ANN, song.captioned("A song."));
    bot.answer(ANN, 1).await;
    bot.telegram.send(ANN, ANN, table.captioned("A table."));
    bot.answer(ANN, 2).await;
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.model.script(Reply::text("Two files."));
    bot.ask("Which files are there?").await;
    let request = bot.model.requests().pop().unwrap();
    let listed =
        request.body["messages"].as_array().unwrap().last().unwrap()["content"][0]["content"].clone();
    let listed: Value = serde_json::from_str(listed.as_str().unwrap()).unwrap();
    let id = |name: &str| -> String {
        let file = listed["files"].as_array().unwrap().iter().find(|file| file["name"] == name).unwrap();
        file["file_id"].as_str().unwrap().to_owned()
    };
    let (audio, broken) = (id("song.wav"), id("table.xlsx"));
    e2b.stop().await;
    gemini.stop().await;
    openai.stop().await;
    let calls = calls(&audio, &broken);
    let count = calls.len();
    let steps = calls.into_iter().map(|(name, input)| Step::ToolUse { name: name.to_owned(), input });
    bot.model.script(Reply::steps(steps.chain([Step::Stop(StopReason::ToolUse)]).collect()));
    bot.model.script(Reply::text("Nothing worked."));
    bot.ann("Try everything.");
    bot.answer(ANN, 4).await;
    let request = bot.model.requests().pop().unwrap();
    let results = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), count);
    assert_eq!(
        results.iter().filter(|result| result["is_error"] == true).count(),
        count - 1,
        "all but list_files"
    );
    for result in results {
        assert_clean("a result", &result["content"].to_string());
    }
    for key in [&e2b_key, &openai_key] {
        assert!(!request.body.to_string().contains(key.as_str()), "a key is told");
    }
    for request in bot.model.requests() {
        assert_clean("a prompt", &conversation(&request).join("\n"));
    }
    assert_clean("the chat", &bot.screen(ANN));
    bot.end().await;
}
