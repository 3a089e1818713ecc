//! What is around the bot in the crash test: the emulated services and the database, and what they say at the end.

use std::time::Duration;

use anyhow::{Context as _, bail};
use playground::anthropic::{self, Anthropic};
use playground::openai::{self, OpenAi};
use playground::telegram::Telegram;
use tokio::process::Command;
use tokio::time::Instant;

use super::author;
use super::books::Books;
use super::chaos::DisruptionCounts;
use super::findings::Findings;
use super::launcher;
use crate::fleet::Fleet;
use crate::outside::{ChatService, ImageService, ModelService, PythonService, SpeechService};
use crate::service::Setting;
use crate::world::{self, Environment, Paths};

/// Time limit until the bot is idle.
const QUIET_WITHIN: Duration = Duration::from_secs(240);
/// Interval between two checks whether the bot is idle.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The services, the people and the bot's database.
pub(super) struct CrashRig {
    pub(super) world: Environment,
    pub(super) telegram: Telegram,
    pub(super) model: Anthropic,
    pub(super) speech: OpenAi,
    pub(super) books: Books,
}

/// Returns settings of the bot in addition to those of its services.
pub(super) fn settings() -> Vec<Setting> {
    let settings = [
        ("LOG_FORMAT", "text"),
        ("RUST_LOG", "info,starling=debug"),
        ("STARTER_BALANCE_USD", "100"),
        // What nobody has in hand is taken up soon, also while the storm goes on.
        ("STRANDED_AFTER_SECONDS", "20"),
    ];
    settings.map(|(name, value)| (name, Some(value.to_owned()))).into()
}

/// Waits until all counts are zero while the bot runs.
async fn empty(
    fleet: &mut Fleet,
    look: impl AsyncFn() -> anyhow::Result<Vec<(&'static str, i64)>>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + QUIET_WITHIN;
    loop {
        tokio::select! {
            failure = fleet.ended() => return Err(failure),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let mut open = look().await?;
        open.retain(|&(_, count)| count > 0);
        if open.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!(fleet.report(&format!("still open after {} s: {open:?}", QUIET_WITHIN.as_secs())));
        }
    }
}

impl CrashRig {
    pub(super) async fn set(place: &Paths) -> anyhow::Result<Self> {
        let model = world::emulated_model(anthropic::Settings {
            first_token_delay: Duration::from_millis(120),
            chunk_delay: Duration::from_millis(8),
            chunk_chars: 60,
            ..anthropic::Settings::default()
        });
        let (model, telegram) = (model.await?, world::emulated_telegram(0).await?);
        model.set_author(author::answer);
        let messenger = ChatService::Emulated(telegram.clone());
        let delay = Duration::from_millis(120);
        let speech = OpenAi::start(openai::Settings { delay, ..openai::Settings::default() }).await?;
        let world = Environment {
            messenger,
            model: ModelService::Emulated(model.clone()),
            speech: SpeechService::Emulated(speech.clone()),
            python: PythonService::emulated().await?,
            images: ImageService::emulated(delay).await?,
        };
        Ok(Self { world, telegram, model, speech, books: Books::open(&place.database_url)? })
    }

    /// Waits until the bot is idle.
    pub(super) async fn quiet(&self, fleet: &mut Fleet) -> anyhow::Result<()> {
        let open_ends = async || {
            let mut open = self.books.open_ends().await?;
            open.push(("updates that were not taken", i64::try_from(self.telegram.unconfirmed())?));
            Ok(open)
        };
        empty(fleet, open_ends).await
    }

    /// Waits until all turns are in the statistics.
    pub(super) async fn counted(&self, fleet: &mut Fleet) -> anyhow::Result<()> {
        let uncounted = async || Ok(vec![("turns that are not counted", self.books.uncounted().await?)]);
        empty(fleet, uncounted).await
    }

    /// Adds the findings of the audit, the logs and the emulators.
    pub(super) async fn judge(
        &self,
        findings: &mut Findings,
        damage: &DisruptionCounts,
        place: &Paths,
    ) -> anyhow::Result<()> {
        findings.count("deaths of the bot", damage.kills.len());
        findings.count("deaths of Redis", damage.redis_kills);
        findings.count("times that Redis was flushed", damage.flushes);
        findings.count("restarts of PostgreSQL", damage.postgres_restarts);
        findings.count("outages of transcription and file stores", damage.outages);
        findings.count("losses of all copies at the provider", damage.forgot.len());
        findings.count("requests to the model", self.model.requests().len());
        self.audit(findings, place).await?;
        let (refused, panics) = ("requests that the model refused", "panics in the logs");
        let unheard = "requests that the transcription refused";
        findings.expect_none(&[refused, unheard, panics]);
        for request in self.speech.refusals() {
            findings.fault(unheard, format!("{:?}", request.outcome));
        }
        for request in self.model.refusals() {
            findings.fault(refused, format!("{:?}", request.outcome));
        }
        for (start, log) in launcher::logs(&place.home)? {
            for line in log.lines().filter(|line| line.contains("panicked")) {
                findings.fault(panics, format!("{start}: {line}"));
            }
        }
        Ok(())
    }

    async fn audit(&self, findings: &mut Findings, place: &Paths) -> anyhow::Result<()> {
        let what = "complaints of the audit";
        findings.expect_none(&[what]);
        let mut command = Command::new(place.program()?);
        for (name, value) in self.world.settings().into_iter().chain(place.stores()).chain(settings()) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command.arg("audit").output().await.context("starling audit does not run")?;
        if !output.status.success() {
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                findings.fault(what, line.to_owned());
            }
            findings.fault(what, output.status.to_string());
        }
        Ok(())
    }
}
