//! The playground program. Starts the emulators (or uses the real services), runs the real `starling` binary
//! with them, and shows a chat page (`run`), asks one question (`ask`), measures delays (`bench`) or kills
//! the bot and checks its data (`crash`). `scripts/` start PostgreSQL and Redis and pass `DATABASE_URL` and
//! `REDIS_URL`.

mod ask;
mod bench;
mod console;
mod crash;
mod fleet;
mod growth;
mod metrics;
mod outside;
mod run;
mod service;
mod signals;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs the bot in an emulated world.
#[derive(Parser)]
#[command(name = "playground", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a chat page until Ctrl-C.
    Run(run::Arguments),
    /// Send one message, print the answer while it grows, and end.
    Ask(ask::Arguments),
    /// Measure delays, CPU and memory with many users at once.
    Bench(bench::Arguments),
    /// Kill the bot under load, again and again, and count what is lost.
    Crash(crash::Arguments),
    /// List what the emulated model can do.
    Scenarios,
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(arguments) => run::run(arguments).await,
        Command::Ask(arguments) => ask::ask(arguments).await,
        Command::Bench(arguments) => bench::bench(arguments).await,
        Command::Crash(arguments) => crash::crash(arguments).await,
        Command::Scenarios => {
            console::line(&world::scenarios());
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::problem(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
