//! `playground bench`: how fast the bot passes on what others say. Many people write at once, the emulated
//! model answers in a fixed rhythm, and both emulators stamp what they see with one clock. Each number of users
//! gets a fresh process of the bot, warmed up by one answer that does not count.

mod process;
mod round;
mod table;

use std::time::Duration;

use anyhow::bail;
use playground::anthropic;

use crate::bench::process::Process;
use crate::bench::round::{Load, Round};
use crate::console;
use crate::service::Service;
use crate::signals::Signals;
use crate::world::{self, Messenger, Model, Money, Place, World};

/// Batching window of the bot when the environment does not say otherwise, in milliseconds.
const DEFAULT_WINDOW_MS: u64 = 200;
/// Answers that are measured at least; fewer users write several times, one after another.
const ANSWERS_AT_LEAST: usize = 20;
/// Characters of one chunk of the scripted answer.
const CHUNK_CHARS: usize = 20;

/// Arguments of `bench`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// How many users write at once; several numbers give several rows.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 50, 200])]
    users: Vec<usize>,
    /// Chunks of the model's answer.
    #[arg(long, default_value_t = 60)]
    chunks: usize,
    /// Milliseconds between two chunks.
    #[arg(long, default_value_t = 20)]
    chunk_delay_ms: u64,
    /// Seconds until a row gives up waiting for its answers.
    #[arg(long, default_value_t = 120)]
    time_limit: u64,
    /// Batching window of the bot in milliseconds.
    #[arg(long, env = "BATCH_WINDOW_MS", default_value_t = DEFAULT_WINDOW_MS)]
    batch_window_ms: u64,
}

/// Measures every number of users and prints the table; fails when an answer is missing or wrong.
pub async fn bench(arguments: Arguments) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    console::remark(&format!(
        "answers of {} chunks, {} ms apart; batching window {} ms; emulators, PostgreSQL and Redis share this machine",
        arguments.chunks, arguments.chunk_delay_ms, arguments.batch_window_ms
    ));
    let (world, load) = prepare(&arguments).await?;
    let mut rounds: Vec<Round> = Vec::new();
    for &users in &arguments.users {
        if users == 0 {
            bail!("--users must be positive");
        }
        console::remark(&format!("{users} at once ..."));
        let mut service = world.run(&arguments.place, Money::IsNoObject).await?;
        let round = tokio::select! {
            round = measure(&load, &mut service, users) => round,
            () = signals.next() => Err(anyhow::anyhow!("interrupted")),
        };
        service.stop(&mut signals).await?;
        rounds.push(round?);
    }
    world.stop().await;
    console::out(&table::render(&rounds, Duration::from_millis(arguments.batch_window_ms)));
    let missing: usize = rounds.iter().map(|round| round.asked - round.answered).sum();
    if missing > 0 {
        bail!("{missing} answers are missing or differ from what the model said");
    }
    Ok(())
}

/// One world for all rows: its numbers must not repeat in the bot's database.
async fn prepare(arguments: &Arguments) -> anyhow::Result<(World, Load)> {
    let model = world::emulated_model(anthropic::Settings {
        chunk_delay: Duration::from_millis(arguments.chunk_delay_ms),
        chunk_chars: CHUNK_CHARS,
        ..anthropic::Settings::default()
    });
    let (model, telegram) = (model.await?, world::emulated_telegram(0).await?);
    let load = Load {
        telegram: telegram.clone(),
        model: model.clone(),
        answer: round::answer(arguments.chunks, CHUNK_CHARS),
        limit: Duration::from_secs(arguments.time_limit),
    };
    Ok((World { messenger: Messenger::Emulated(telegram), model: Model::Emulated(model) }, load))
}

async fn measure(load: &Load, service: &mut Service, users: usize) -> anyhow::Result<Round> {
    let Some(pid) = service.pid() else { bail!(service.report("starling ended at once")) };
    let process = Process::new(pid);
    let first_user = i64::try_from(users)? * 1_000_000;
    load.ask_all(first_user, 1, 0).await?;
    let before = process.cpu()?;
    let mut round = Round::new(users);
    let mut times = 0;
    while round.asked < ANSWERS_AT_LEAST {
        times += 1;
        round.add(tokio::select! {
            done = load.ask_all(first_user + 1, users, times) => done?,
            failure = service.ended() => return Err(failure),
        });
    }
    round.cpu = process.cpu()?.saturating_sub(before);
    round.memory = process.memory()?;
    Ok(round)
}
