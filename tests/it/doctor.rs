//! `starling doctor` in broken environments: one line names the problem and what to do, and the exit code says
//! whether the bot runs.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{ANN, BOUND, Bot};

/// Settings that break something, the expected exit code, and what one line of the report begins with and
/// ends with.
type Breach<'a> = (&'a [(&'a str, &'a str)], i32, &'a str, &'a str);

async fn assert_found(bot: &Bot, (settings, code, problem, remedy): Breach<'_>) {
    let (found, report) = bot.command_with(settings, &["doctor"]).await;
    let named = |line: &str| line.trim_start().starts_with(problem) && line.ends_with(remedy);
    assert!(report.lines().any(named), "no line '{problem} ... {remedy}' in\n{report}");
    assert_eq!(found, code, "{settings:?}\n{report}");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn settings_that_cannot_work_are_named_with_the_remedy() {
    let bot = Bot::prepare([]).await;
    let secrets = Folder::new();
    std::fs::create_dir(secrets.0.join("anthropic_api_key")).unwrap();
    let model = secrets.0.join("models.toml");
    let table =
        include_str!("../../src/llm/models.toml").replace("\"claude-sonnet-5-5\"", "\"claude-sonnet-55\"");
    std::fs::write(&model, table).unwrap();
    let retired = secrets.0.join("retired.toml");
    let table =
        include_str!("../../src/llm/models.toml").replace("\"claude-opus-5-5\"", "\"claude-opus-55\"");
    std::fs::write(&retired, table).unwrap();
    let broken = secrets.0.join("broken.toml");
    std::fs::write(&broken, "[[model]]\nid = \"x\nname = 1").unwrap();
    let [secrets, model, retired, broken] =
        [&secrets.0, &model, &retired, &broken].map(|path| path.to_str().unwrap());
    let public = ("TELEGRAM_API_URL", "https://api.telegram.org");
    let webhook = [public, ("TELEGRAM_MODE", "webhook"), ("WEBHOOK_SECRET", "secret")];
    let with = |url| [&webhook[..], &[("WEBHOOK_URL", url)]].concat();
    for breach in [
        (
            &[("TELEGRAM_BOT_TOKEN", "1:wrong")][..],
            1,
            "FAIL telegram: the token is not accepted",
            "; check TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL",
        ),
        (
            &[("TELEGRAM_API_URL", "http://127.0.0.1:1")],
            1,
            "FAIL telegram: ",
            "; check TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL",
        ),
        (
            &[("ANTHROPIC_API_KEY", "wrong")],
            1,
            "FAIL anthropic: ",
            "; check ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL",
        ),
        (
            &[("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")],
            1,
            "FAIL anthropic: ",
            "; check ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL",
        ),
        (&[("REDIS_URL", "redis://127.0.0.1:1")], 1, "FAIL redis: ", "; check REDIS_URL and that Redis runs"),
        (
            &[("MODELS_FILE", "/nowhere/models.toml")],
            2,
            "MODELS_FILE: there is no file ",
            "/nowhere/models.toml",
        ),
        (
            &[("MODELS_FILE", broken)],
            1,
            "FAIL models: the model table has a wrong form: TOML parse error at line 2, column 8",
            "; correct MODELS_FILE or unset it",
        ),
        (
            &[("MODELS_FILE", model)],
            1,
            "FAIL models: the key cannot use claude-sonnet-55; ",
            "correct its id in MODELS_FILE or do not offer it",
        ),
        // People can choose other models.
        (
            &[("MODELS_FILE", retired)],
            0,
            "warn models: the key cannot use claude-opus-55; ",
            "correct its id in MODELS_FILE or do not offer it",
        ),
        (
            &[("ANTHROPIC_API_KEY", ""), ("SECRETS_DIR", secrets)],
            2,
            "ANTHROPIC_API_KEY: ",
            "; let the bot's user read it",
        ),
        (
            &with("http://bot.example"),
            2,
            "WEBHOOK_URL: must begin with https://",
            ", Telegram calls nothing else",
        ),
        (
            &with("https://bot.example:8444/x"),
            2,
            "WEBHOOK_URL: must have the port 443, 80, 88 or 8443",
            "Telegram does not call port 8444",
        ),
        (&[("OPENAI_API_KEY", "")], 0, "note OPENAI_API_KEY is not set: ", "no speech to text"),
    ] {
        assert_found(&bot, breach).await;
    }
    bot.database.drop().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_named_with_the_remedy() {
    let bot = Bot::prepare([]).await;
    assert_eq!(bot.command(&["migrate"]).await.0, 0);
    let url = bot.database.url();
    let at = url.rsplit_once('@').unwrap().1;
    let strict = refuse_passwords().await;
    for (url, problem, remedy) in [
        (
            "postgres://postgres@127.0.0.1:1/none".to_owned(),
            "FAIL database: ",
            "; check DATABASE_URL and that PostgreSQL runs",
        ),
        (
            format!("postgres://nobody@{at}"),
            "FAIL database: ",
            "; check the user and the password in DATABASE_URL",
        ),
        (
            format!("postgres://starling:wrong@{strict}/starling"),
            "FAIL database: ",
            "; check the user and the password in DATABASE_URL",
        ),
        (
            format!("{url}_gone"),
            "FAIL database: ",
            "; create it (createdb) or correct its name in DATABASE_URL",
        ),
    ] {
        assert_found(&bot, (&[("DATABASE_URL", &url)], 1, problem, remedy)).await;
    }
    bot.sql("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, '', 0)")
        .await;
    assert_found(&bot, (&[], 0, "ok   database: at version 9999, with which this binary works", "")).await;
    bot.sql("UPDATE schema_support SET oldest = 9999").await;
    assert_found(
        &bot,
        (
            &[],
            1,
            "FAIL database: at version 9999, which works with binaries that know version 9999, not ",
            "; start a newer one, or restore the backup from before the upgrade",
        ),
    )
    .await;
    bot.sql("DELETE FROM _sqlx_migrations WHERE version > 30").await;
    let remedy = "; the next start or `starling migrate` updates it";
    assert_found(&bot, (&[], 0, "warn database: at version 30, this binary needs ", remedy)).await;
    bot.database.drop().await;
}

#[tokio::test]
async fn clocks_that_disagree_are_a_warning() {
    let bot = Bot::prepare([]).await;
    assert_found(&bot, (&[], 0, "ok   clock: agrees with PostgreSQL", "")).await;
    bot.sql(
        "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT clock_timestamp() + interval '5 minutes' $$;
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$",
    )
    .await;
    let (problem, remedy) =
        ("warn clock: PostgreSQL is ", " s ahead of this machine; let both follow a time server (NTP)");
    assert_found(&bot, (&[], 0, problem, remedy)).await;
    bot.database.drop().await;
}

#[tokio::test]
async fn a_webhook_that_does_not_fit_the_settings_is_a_warning() {
    let mut bot = Bot::prepare([]).await;
    let set = |url: &'static str| {
        let method = format!("{}/bot123456:TEST-TOKEN/setWebhook", bot.telegram.url());
        async move {
            let body = serde_json::json!({"url": url, "secret_token": "secret"});
            let answer = reqwest::Client::new().post(method).json(&body).send().await.unwrap();
            assert!(answer.status().is_success());
        }
    };
    set("https://other.example/secret-path").await;
    let remedy = "if another program uses this bot, get a token of its own from BotFather";
    let problem =
        "warn telegram: @starling_bot has a webhook at other.example, which the next start removes; ";
    assert_found(&bot, (&[], 0, problem, remedy)).await;
    let webhook =
        [("TELEGRAM_MODE", "webhook"), ("WEBHOOK_SECRET", "secret"), ("WEBHOOK_URL", "http://127.0.0.1:1/x")];
    let problem = "warn telegram: Telegram calls other.example and not WEBHOOK_URL";
    assert_found(&bot, (&webhook, 0, problem, remedy)).await;
    set("http://127.0.0.1:1/x").await;
    assert_found(&bot, (&webhook, 0, "ok   telegram: @starling_bot by webhook", "")).await;
    // Nobody listens there.
    bot.ann("hello");
    until_delivery_failed(&bot).await;
    let problem = "warn telegram: Telegram could not deliver to WEBHOOK_URL (";
    assert_found(&bot, (&webhook, 0, problem, "; check the proxy before WEBHOOK_ADDR and its certificate"))
        .await;
    bot.set("TELEGRAM_MODE", "polling");
    bot.run().await;
    bot.answer(ANN, 1).await;
    assert_found(&bot, (&[], 0, "ok   telegram: @starling_bot by long polling", "")).await;
    bot.end().await;
}

/// Waits until Telegram has reported a failed delivery.
async fn until_delivery_failed(bot: &Bot) {
    let method = format!("{}/bot123456:TEST-TOKEN/getWebhookInfo", bot.telegram.url());
    let failed = async {
        loop {
            let info: serde_json::Value = reqwest::get(&method).await.unwrap().json().await.unwrap();
            if info["result"]["last_error_message"].is_string() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND, failed).await.expect("a failed delivery");
}

/// A PostgreSQL server that asks for a password and refuses every one.
async fn refuse_passwords() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 1_024];
                // The wish for TLS has 8 bytes; then comes the startup message.
                if matches!(socket.read(&mut buffer).await, Ok(8)) {
                    socket.write_all(b"N").await?;
                    let _ = socket.read(&mut buffer).await?;
                }
                socket.write_all(b"R\0\0\0\x08\0\0\0\x03").await?;
                let _ = socket.read(&mut buffer).await?;
                let fields =
                    b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"starling\"\0\0";
                let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
                socket.write_all(&[b"E", &length[..], fields].concat()).await
            });
        }
    });
    address
}

/// A directory that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("starling-doctor-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
