//! A bot framework that is not ours runs an echo bot against the emulated Telegram. The virtual
//! environment with aiogram is the directory in `JUDGES_VENV`; without it the judge is skipped.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use playground::telegram::{Message, Person, Settings, Telegram, View};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Longest wait for anything the framework does; its start on a busy machine is the slowest.
const BOUND: Duration = Duration::from_mins(1);
const ANN: i64 = 42;

/// The interpreter of the virtual environment, or why there is no judge.
fn interpreter() -> Result<PathBuf, String> {
    let directory = std::env::var("JUDGES_VENV").map_err(|_| "JUDGES_VENV is not set".to_owned())?;
    let python = Path::new(&directory).join("bin/python");
    let check = std::process::Command::new(&python)
        .args(["-c", "import aiogram"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match check {
        Ok(status) if status.success() => Ok(python),
        Ok(_) => Err(format!("{} has no aiogram", python.display())),
        Err(error) => Err(format!("{}: {error}", python.display())),
    }
}

/// Starts the framework and waits until it polls; gives back what it will print.
async fn judge(python: &Path, telegram: &Telegram) -> anyhow::Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/judges/telegram_framework.py");
    let mut child = Command::new(python)
        .arg(script)
        .args([telegram.url(), Settings::default().token])
        .env("NO_PROXY", "127.0.0.1")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
    let first = tokio::time::timeout(BOUND, lines.next_line()).await??;
    assert_eq!(first.as_deref(), Some("ready as @starling_bot"));
    Ok((child, lines))
}

/// The bot's message with exactly this text.
async fn answer(telegram: &Telegram, text: &str) -> anyhow::Result<Message> {
    telegram.until(text, BOUND, |view| view.answers(ANN).find(|message| message.text == text).cloned()).await
}

async fn converse(telegram: &Telegram) -> anyhow::Result<()> {
    let mut echoes = Vec::new();
    let mut said = Vec::new();
    for text in ["first", "second 😀 https://example.org", "/third & <last>"] {
        let message = telegram.say(ANN, ANN, text);
        let echo = answer(telegram, text).await?;
        assert_eq!(echo.raw["reply_to_message"]["message_id"], json!(message.message_id));
        let length = text.encode_utf16().count();
        assert!(echo.entities.contains(&json!({"type": "bold", "offset": 0, "length": length})), "{echo:?}");
        said.push(message);
        echoes.push(echo);
    }
    telegram.edit(ANN, said[0].message_id, "first, edited").context("the message exists")?;
    answer(telegram, "edited: first, edited").await?;

    let markup = echoes[1].reply_markup.as_ref().context("the echo has a button")?;
    let data = markup["inline_keyboard"][0][0]["callback_data"].as_str().context("the button has data")?;
    let press = telegram.press(ANN, ANN, echoes[1].id, data);
    let edited = answer(telegram, "pressed: second 😀 https://example.org").await?;
    assert_eq!((edited.id, edited.edits), (echoes[1].id, 1));
    let notice = telegram.press_answer(&press).context("the press is answered before the edit")?;
    assert_eq!(notice["text"], json!("once more"));
    trade(telegram).await?;
    telegram.say(ANN, ANN, "/quit");
    answer(telegram, "bye").await?;
    Ok(())
}

/// The bot sells something for Stars and gives them back.
async fn trade(telegram: &Telegram) -> anyhow::Result<()> {
    telegram.set_stars(ANN, 60);
    telegram.say(ANN, ANN, "/buy");
    let find = |view: &View<'_>| view.invoices(ANN).next().map(|message| message.id);
    let invoice = telegram.until("an invoice", BOUND, find).await?;
    let number = telegram.pay(ANN, ANN, invoice).number;
    let find = |view: &View<'_>| view.payment(number)?.receipt().cloned();
    let receipt = telegram.until("a payment", BOUND, find).await?;
    answer(telegram, &format!("paid: {}", receipt.charge_id)).await?;
    answer(telegram, &format!("refunded: {}", receipt.charge_id)).await?;
    assert_eq!((telegram.stars(ANN), telegram.bot_stars()), (60, 0));
    Ok(())
}

#[tokio::test]
async fn aiogram_runs_an_echo_bot() -> anyhow::Result<()> {
    let python = match interpreter() {
        Ok(python) => python,
        Err(reason) => {
            writeln!(std::io::stderr(), "skipped: no bot framework to judge the emulator ({reason})")?;
            return Ok(());
        }
    };
    let telegram = Telegram::start(Settings::default()).await?;
    telegram.add_user(Person::new(ANN, "Ann"));
    let (mut child, mut lines) = judge(&python, &telegram).await?;
    converse(&telegram).await?;
    let mut complaints = Vec::new();
    while let Some(line) = tokio::time::timeout(BOUND, lines.next_line()).await?? {
        complaints.push(line);
    }
    assert_eq!(complaints, Vec::<String>::new());
    let status = tokio::time::timeout(BOUND, child.wait()).await??;
    assert_eq!(status.code(), Some(0));
    telegram.stop().await;
    Ok(())
}
