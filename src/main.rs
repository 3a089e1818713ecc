//! The binary: parses the command line and maps results to exit codes (0 success, 1 a crash or a failed
//! check, 2 wrong settings).

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use starling::config::source::ConfigSource;
use starling::config::{Config, LogFormat};
use starling::dead_letters::DeadLetterAction;
use starling::domain::clock::Clock;
use starling::lifecycle::Lifecycle;
use starling::telemetry::logs;
use starling::{app, dead_letters, doctor, import};

/// The limit of open files, enough for some thousands of concurrent answers.
const OPEN_FILES: u64 = 16_384;

/// A self-hosted Telegram bot that sells access to an AI assistant.
#[derive(Parser)]
#[command(version)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the bot (the default).
    Run,
    /// Brings the database up to date and ends.
    Migrate,
    /// Checks every service that the bot depends on and says what to fix.
    Doctor,
    /// Prints the effective settings, secrets hidden.
    Config,
    /// Proves that the books are right, or says what is wrong with them.
    Audit {
        /// Reads only what has changed since the last audit that found nothing, as the bot does every night.
        #[arg(long)]
        recent: bool,
    },
    /// Prints which instances are alive, since when, and which of them works.
    Instances,
    /// Takes over people, balances, conversations and files from the predecessor's database. Stop both bots
    /// first. May be repeated: what was taken stays as it is.
    Import {
        /// The predecessor's database: postgres://user:password@host/name.
        #[arg(long, env = "IMPORT_FROM", hide_env_values = true)]
        from: String,
        /// Only says what would be taken.
        #[arg(long)]
        dry_run: bool,
    },
    /// Shows what the write-behind could not write, and tries it again.
    DeadLetters {
        #[command(subcommand)]
        action: DeadLetterCommand,
    },
}

#[derive(Subcommand)]
enum DeadLetterCommand {
    /// Prints one line for each.
    List,
    /// Prints one with its payload.
    Show {
        /// Its number.
        id: i64,
    },
    /// Writes one, or all, once more; those that are refused again stay.
    Replay {
        /// Its number, or `all`.
        #[arg(value_parser = letter_selection)]
        id: LetterSelection,
    },
}

/// One dead letter or all.
#[derive(Clone, Copy)]
struct LetterSelection(Option<i64>);

fn letter_selection(text: &str) -> Result<LetterSelection, String> {
    match text {
        "all" => Ok(LetterSelection(None)),
        number => number
            .parse()
            .map(|id| LetterSelection(Some(id)))
            .map_err(|_| "must be a number or all".to_owned()),
    }
}

impl From<DeadLetterCommand> for DeadLetterAction {
    fn from(letters: DeadLetterCommand) -> Self {
        match letters {
            DeadLetterCommand::List => Self::List,
            DeadLetterCommand::Show { id } => Self::Show(id),
            DeadLetterCommand::Replay { id } => Self::Replay(id.0),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let config = match Config::load(&ConfigSource::process()) {
        Ok(config) => config,
        Err(problems) => {
            say(&problems.to_string());
            return ExitCode::from(2);
        }
    };
    match options.command.unwrap_or(Command::Run) {
        Command::Config => report("", Ok((config.to_string(), true))),
        Command::Doctor => report("", Ok(Box::pin(doctor::examine(&config)).await)),
        Command::Audit { recent } => {
            report("the books cannot be read", Box::pin(doctor::audit(&config, recent)).await)
        }
        Command::Instances => {
            let described = Box::pin(doctor::instances(&config)).await;
            report("the instances cannot be read", described.map(|lines| (lines, true)))
        }
        command => Box::pin(act(config, command)).await,
    }
}

/// Prints a report, or what it failed for. The exit code says whether all is well.
fn report(failure: &str, done: anyhow::Result<(String, bool)>) -> ExitCode {
    match done {
        Ok((report, well)) => {
            say(&report);
            if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            say(&format!("{failure}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Carries out a command that writes to the log.
async fn act(config: Config, command: Command) -> ExitCode {
    logs::start(&config.service.log_filter, config.service.log_format == LogFormat::Json);
    #[cfg(debug_assertions)]
    if let Err(error) = arm(&config) {
        tracing::error!("{error:#}");
        return ExitCode::FAILURE;
    }
    let done = match command {
        Command::Import { from, dry_run } => {
            Box::pin(import::run(&config, from.into(), dry_run)).await.map(|(report, complete)| {
                say(&report);
                complete
            })
        }
        Command::Migrate => doctor::migrate(&config).await.map(|()| true),
        Command::DeadLetters { action } => {
            dead_letters::run(&config, action.into()).await.map(|(report, well)| {
                say(&report);
                well
            })
        }
        _ => Box::pin(run(config)).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> anyhow::Result<bool> {
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    raise_open_files();
    let (mut interrupt, mut terminate) = signals()?;
    let signal = async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    Box::pin(app::run(config, Clock::System, Lifecycle::default(), signal)).await
}

/// Selects the place at which a test wants the process to die.
#[cfg(debug_assertions)]
fn arm(config: &Config) -> anyhow::Result<()> {
    let Some(point) = &config.service.kill_at else { return Ok(()) };
    starling::lifecycle::kill_point::arm(point).map_err(anyhow::Error::msg)
}

/// Raises the limit of open files. A thousand concurrent answers are two thousand connections, but most
/// systems start with 1,024 open files.
fn raise_open_files() {
    match rlimit::increase_nofile_limit(OPEN_FILES) {
        Ok(limit) if limit < OPEN_FILES => {
            tracing::warn!(limit, "only {limit} files may be open at once, which limits the answers at once");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the number of open files cannot be raised"),
    }
}

fn signals() -> std::io::Result<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

/// Prints the output of a command; everything else is a log line.
#[expect(clippy::print_stdout, reason = "the answer of a command belongs on standard output")]
fn say(text: &str) {
    println!("{}", text.trim_end());
}
