//! The command line: wrong settings, exit codes, checks.

use std::collections::BTreeMap;

use crate::harness::{Bot, exact, process};

async fn run(settings: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
    let settings: BTreeMap<String, String> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let output = process::command(&settings).args(arguments).output().await.unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn wrong_settings_are_one_clear_list_and_exit_code_2() {
    let settings = [("DATABASE_URL", "mysql://x"), ("BATCH_WINDOW_MS", "soon"), ("SECRETS_DIR", "/nowhere")];
    for arguments in [&[][..], &["run"], &["migrate"], &["doctor"], &["config"]] {
        let (code, text) = run(&settings, arguments).await;
        assert_eq!(code, 2);
        let list = text.strip_suffix('\n').expect("the list ends its last line");
        insta::allow_duplicates! {
            insta::assert_snapshot!(exact(list), @r"
        4 of the settings need attention:
          TELEGRAM_BOT_TOKEN: is required; set the variable or put it into the secret file telegram_bot_token
          ANTHROPIC_API_KEY: is required; set the variable or put it into the secret file anthropic_api_key
          DATABASE_URL: must be an address that begins with postgres://
          BATCH_WINDOW_MS: must be a number from 0 to 1000
        ");
        }
    }
}

#[tokio::test]
async fn config_prints_every_setting_and_no_secret() {
    let bot = Bot::prepare([]).await;
    let (code, text) = bot.command(&["config"]).await;
    assert_eq!(code, 0);
    assert!(
        text.contains("TELEGRAM_BOT_TOKEN=(set, hidden)") && text.contains("BATCH_WINDOW_MS=20"),
        "{text}"
    );
    assert!(!text.contains("TEST-TOKEN") && !text.contains("sk-ant-test"), "{text}");
    bot.database.drop().await;
}

#[tokio::test]
async fn doctor_says_what_is_there_and_what_to_fix() {
    let mut bot = Bot::prepare_empty([]).await;
    let (code, text) = bot.command(&["doctor"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("ok   telegram: @starling_bot by long polling"), "{text}");
    assert!(text.contains("ok   database: reachable, empty"), "{text}");
    assert!(text.contains("ok   anthropic: the key is accepted"), "{text}");
    assert!(text.contains("note OPENAI_API_KEY is not set: no speech to text"), "{text}");
    bot.set("TELEGRAM_BOT_TOKEN", "1:wrong");
    bot.set("ANTHROPIC_API_KEY", "wrong");
    let (code, text) = bot.command(&["doctor"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAIL telegram: the token is not accepted"), "{text}");
    assert!(text.contains("FAIL anthropic:") && text.contains("check ANTHROPIC_API_KEY"), "{text}");
    assert_eq!(bot.command(&["migrate"]).await.0, 0);
    assert_eq!(bot.database.count("SELECT count(*) FROM turns").await, 0);
    bot.database.drop().await;
}

#[tokio::test]
async fn a_token_that_telegram_refuses_ends_the_start_with_the_reason() {
    let mut bot = Bot::prepare([("TELEGRAM_BOT_TOKEN", "1:wrong")]).await;
    bot.expect_error("TELEGRAM_BOT_TOKEN is not accepted, ask BotFather for a new one");
    bot.launch();
    assert_eq!(bot.exit_code().await, 1);
    bot.database.drop().await;
}

#[tokio::test]
async fn the_operators_port_tells_life_readiness_and_numbers() {
    let bot = Bot::start().await;
    let addr = bot.operators_port();
    bot.ask("hello").await;
    bot.log("turn 1 complete").await;
    let get = async |path: &str| {
        let answer = reqwest::Client::new().get(format!("http://{addr}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get("/live").await, (200, "alive\n".to_owned()));
    assert_eq!(get("/ready").await, (200, "ready\n".to_owned()));
    let metrics = get("/metrics").await.1;
    for line in [
        "bot_turns_total{outcome=\"complete\"} 1",
        "bot_messages_received_total{chat_type=\"private\"} 1",
        "bot_llm_requests_total{model=\"claude-sonnet-5-5\",result=\"ok\"} 1",
        "bot_updates_total{kind=\"message\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    bot.end().await;
}
