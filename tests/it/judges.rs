//! Independent judges: the official Anthropic SDK's types parse the requests of the bot.

use std::io::Write;
use std::process::Command;

use crate::harness::{BOUND, Bot};

#[tokio::test]
async fn requests_of_the_bot_are_accepted_by_the_official_types() {
    let Ok(venv) = std::env::var("JUDGES_VENV") else {
        // Written directly, because the test harness hides the output of tests that pass.
        writeln!(std::io::stderr(), "skipped: JUDGES_VENV is not set, the official types judge nothing")
            .unwrap();
        return;
    };
    let bot = Bot::start().await;
    bot.ask("hello").await;
    bot.ask("!pause").await;
    bot.ask("!search dollars euro").await;
    bot.ask("!fetch https://rates.example/eur").await;
    bot.ask("a longer conversation").await;
    let file = std::env::temp_dir().join(format!("starling-requests-{}.jsonl", std::process::id()));
    let bodies: Vec<String> = bot.model.requests().iter().map(|request| request.body.to_string()).collect();
    std::fs::write(&file, bodies.join("\n")).unwrap();
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judges/anthropic_request.py");
    let input = std::fs::File::open(&file).unwrap();
    let child = tokio::task::spawn_blocking(move || {
        Command::new(format!("{venv}/bin/python")).args([judge, "-"]).stdin(input).output().unwrap()
    });
    let output = tokio::time::timeout(BOUND, child).await.unwrap().unwrap();
    let verdicts = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{verdicts}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(verdicts.lines().filter(|line| line.contains("ok")).count(), bodies.len(), "{verdicts}");
    std::fs::remove_file(&file).ok();
    bot.end().await;
}
