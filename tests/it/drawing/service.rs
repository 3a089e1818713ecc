//! The service that draws: its key, and requests that the official types accept.

use std::io::Write as _;
use std::process::Command;

use playground::samples;
use serde_json::json;

use super::Studio;
use crate::files_out::{arrived, made};
use crate::harness::{ANN, BOUND};

#[tokio::test]
async fn without_a_key_there_is_no_such_tool_and_doctor_says_so() {
    let studio = Studio::prepare([]).await;
    let (code, report) = studio.bot.command(&["doctor"]).await;
    assert!(code == 0 && report.contains("ok   google: the key is accepted"), "{report}");
    let Studio { mut bot, gemini } = studio;
    bot.set("GOOGLE_API_KEY", "wrong");
    let (code, report) = bot.command(&["doctor"]).await;
    assert!(
        code != 0 && report.contains("FAIL google:") && report.contains("check GOOGLE_API_KEY"),
        "{report}"
    );
    bot.set("GOOGLE_API_KEY", "");
    let (_, report) = bot.command(&["doctor"]).await;
    assert!(report.contains("note GOOGLE_API_KEY is not set: no image generation"), "{report}");
    bot.run().await;
    assert_eq!(bot.ask("!draw a cat").await, "This request declares no such tool.");
    assert_eq!(gemini.requests().len(), 2, "only doctor asked");
    bot.end().await;
}

#[tokio::test]
async fn requests_are_accepted_by_the_official_types() {
    let Ok(venv) = std::env::var("JUDGES_VENV") else {
        writeln!(std::io::stderr(), "skipped: JUDGES_VENV is not set, the official types judge nothing")
            .unwrap();
        return;
    };
    let studio = Studio::open().await;
    let bot = &studio.bot;
    bot.ask("hello").await;
    let source = made(bot, "dot.png", "image/png", &samples::png(64, 64)).await;
    studio.draws(
        "",
        &[
            json!({"prompt": "A cat"}),
            json!({"prompt": "Кот 🐈", "aspect_ratio": "9:16", "image_size": "1K", "use_google_search": true}),
            json!({"prompt": "Change it", "source_file_ids": [source]}),
        ],
    );
    bot.ann("Draw them");
    arrived(bot, ANN, 3).await;
    studio.settled().await;
    let bodies: Vec<String> =
        studio.gemini.requests().iter().map(|request| request.body.to_string()).collect();
    let file = std::env::temp_dir().join(format!("starling-drawings-{}.jsonl", std::process::id()));
    std::fs::write(&file, bodies.join("\n")).unwrap();
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judges/gemini_sdk.py");
    let input = std::fs::File::open(&file).unwrap();
    let child = tokio::task::spawn_blocking(move || {
        Command::new(format!("{venv}/bin/python")).args([judge, "-"]).stdin(input).output().unwrap()
    });
    let output = tokio::time::timeout(BOUND, child).await.unwrap().unwrap();
    let verdicts = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{verdicts}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(verdicts.lines().filter(|line| line.starts_with("ok")).count(), 3, "{verdicts}");
    std::fs::remove_file(&file).ok();
    studio.end().await;
}
