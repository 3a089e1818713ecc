//! `playground run`: runs the bot with its services until Ctrl-C. Prints one address: that of the chat page,
//! or of the real bot.

use anyhow::{Context as _, bail};

use crate::console;
use crate::outside::{ChatService, ImageService, ModelService, PythonService, SpeechService};
use crate::signals::Signals;
use crate::world::{Environment, MoneyMode, OutsideArgs, Paths};

/// Arguments of `run`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Paths,
    #[command(flatten)]
    outside: OutsideArgs,
    /// Port of the chat page; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Serves until a signal arrives or the bot exits.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let world = Environment::start(arguments.outside, arguments.port).await?;
    let address = match &world.messenger {
        ChatService::Emulated(telegram) => telegram.url(),
        ChatService::Real(token) => address_of_bot(token).await?,
    };
    let mut service = tokio::select! {
        service = world.run(&arguments.place, MoneyMode::Counts) => service?,
        () = signals.next() => bail!("interrupted before starling was ready"),
    };
    console::remark(match world.model {
        ModelService::Emulated(_) => "the model is emulated; with ANTHROPIC_API_KEY set the real one answers",
        ModelService::Real(_) => "the model is the real one and costs money",
    });
    console::remark(match world.speech {
        SpeechService::Emulated(_) => "transcripts are made up; with OPENAI_API_KEY set they are real",
        SpeechService::Real(_) => "transcription is the real one and costs money",
    });
    console::remark(match world.images {
        ImageService::Emulated(_) => "pictures are coloured blocks; with GOOGLE_API_KEY set they are drawn",
        ImageService::Real(_) => "the image model is the real one and costs money",
    });
    console::remark(match &world.python {
        PythonService::Emulated(e2b) if e2b.is_closed() => {
            "Python runs on this machine, without network and rights; with E2B_API_KEY set in real sandboxes"
        }
        PythonService::Emulated(_) => {
            "Python runs on this machine with limits, but it can reach the network: no namespaces are allowed here"
        }
        PythonService::Real(_) => "Python runs in real sandboxes and costs money",
    });
    console::remark(&format!(
        "log: {}; end with Ctrl-C",
        arguments.place.home.join("starling.log").display()
    ));
    console::line(&format!("Open {address}"));
    let ended = tokio::select! {
        failure = service.ended() => Err(failure),
        () = signals.next() => {
            console::remark("stopping: running answers are finished first");
            service.stop(&mut signals).await
        }
    };
    world.stop().await;
    ended
}

async fn address_of_bot(token: &str) -> anyhow::Result<String> {
    let url = format!("https://api.telegram.org/bot{token}/getMe");
    let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(20)).build()?;
    // The address holds the token, so an error must not show it.
    let answer = http
        .get(url)
        .send()
        .await
        .map_err(reqwest::Error::without_url)
        .context("Telegram is out of reach")?;
    let body: serde_json::Value = answer.json().await.map_err(reqwest::Error::without_url)?;
    match body["result"]["username"].as_str() {
        Some(name) => Ok(format!("https://t.me/{name}")),
        None => bail!("Telegram refuses TELEGRAM_BOT_TOKEN: {}", body["description"]),
    }
}
