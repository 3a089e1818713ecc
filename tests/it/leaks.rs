//! Nothing of ours reaches the model or a person, whatever fails: no key, address, path, name of a source
//! file or words of a library.

use playground::anthropic::Reply;
use playground::samples;
use playground::telegram::{Attachment, NewFile};
use serde_json::{Value, json};

use crate::every_tool::workshop::{Workshop, calling};
use crate::harness::{ANN, conversation};

/// Parts of texts that only our side knows, or that only a program says.
const OURS: &[&str] = &[
    "sk-ant-test",
    "123456:TEST-TOKEN",
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

/// Lets the model call these tools in one round, and the same in a second one; returns the blocks of all
/// results.
async fn called_twice(shop: &Workshop, calls: Vec<(&'static str, Value)>) -> Vec<Value> {
    let calls = || calls.iter().map(|(name, input)| ((*name).to_owned(), input.clone()));
    let before = shop.bot.model.requests().len();
    for _ in 0..2 {
        shop.bot.model.script(calling("", calls()));
    }
    shop.bot.model.script(Reply::text("That is what I got."));
    shop.bot.ask("Try that.").await;
    let results = |number: usize| {
        let request = &shop.bot.model.requests()[number];
        request.body["messages"].as_array().unwrap().last().unwrap()["content"].as_array().unwrap().clone()
    };
    results(before + 1).into_iter().chain(results(before + 2)).collect()
}

#[tokio::test]
async fn services_that_are_away_and_wrong_calls_tell_nothing_of_ours_also_when_tried_again() {
    let shop = Workshop::with([("OPENAI_TIMEOUT_SECONDS", "2"), ("GOOGLE_TIMEOUT_SECONDS", "2")]).await;
    let song = NewFile::new(Attachment::Audio, "song.wav", "audio/wav", samples::wav(2));
    let broken = b"PK\x03\x04 broken".to_vec();
    let table = NewFile::new(Attachment::Document, "table.xlsx", "application/zip", broken);
    for (number, file) in (1..).zip([song, table]) {
        shop.bot.telegram.send(ANN, ANN, file.captioned("Keep this."));
        shop.bot.answer(ANN, number).await;
    }
    shop.settled().await;
    let ids = shop.file_ids().await;
    shop.e2b.stop().await;
    shop.gemini.stop().await;
    shop.openai.stop().await;
    let calls = calls(&ids[0], &ids[1]);
    let count = 2 * calls.len();
    let results = called_twice(&shop, calls).await;
    assert_eq!(results.len(), count);
    let failed = results.iter().filter(|result| result["is_error"] == true).count();
    assert_eq!(failed, count - 2, "all but list_files");
    for result in &results {
        assert_clean("a result", &result["content"].to_string());
    }
    for request in shop.bot.model.requests() {
        assert_clean("a prompt", &conversation(&request).join("\n"));
        let body = request.body.to_string();
        assert!(Workshop::keys().iter().all(|key| !body.contains(key.as_str())), "a key is told");
    }
    assert_clean("the chat", &shop.bot.screen(ANN));
    shop.end().await;
}
