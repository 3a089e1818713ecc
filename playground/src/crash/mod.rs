//! `playground crash`: the crash test. People write to the real bot and send it files while it is killed at
//! random moments, Redis is killed and flushed, PostgreSQL is restarted, and transcription and file stores
//! fail. Then the bot runs undisturbed until it is idle,
//! everybody asks once more, and the test compares what was sent, shown and stored.

mod author;
mod books;
mod chaos;
mod count;
mod files;
mod findings;
mod marks;
mod people;
mod servers;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::future::join_all;
use playground::anthropic::{self, Anthropic};
use playground::openai::{self, OpenAi};
use playground::telegram::Telegram;
use tokio::process::Command;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::author::QuestionKind;
use self::books::Books;
use self::chaos::outages::Outages;
use self::chaos::{ChaosRun, DisruptionCounts, Servers};
use self::count::Surroundings;
use self::findings::Findings;
use self::servers::{Redis, Server, Signal};
use crate::console;
use crate::outside::{ChatService, ImageService, ModelService, PythonService, SpeechService};
use crate::service::{Service, Setting};
use crate::signals::Signals;
use crate::world::{self, Environment, Paths};

/// Time limit until the bot is idle.
const QUIET_WITHIN: Duration = Duration::from_secs(240);
/// How long it takes until the bot searches for turns that are missing in the statistics.
const RECOUNT_AFTER: Duration = Duration::from_secs(62);
/// Interval between two checks whether the bot is idle.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Arguments of `crash`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Paths,
    /// How often the bot is killed.
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// Decides on the moments and on what people do.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// People with a chat of their own.
    #[arg(long, default_value_t = 30)]
    people: usize,
    /// Groups with two people each.
    #[arg(long, default_value_t = 3)]
    groups: usize,
    /// Program that starts PostgreSQL again.
    #[arg(long)]
    postgres_start: PathBuf,
    /// File with its process id.
    #[arg(long)]
    postgres_pid: PathBuf,
    /// Program that starts Redis again.
    #[arg(long)]
    redis_start: PathBuf,
    /// File with its process id.
    #[arg(long)]
    redis_pid: PathBuf,
}

/// Runs the test. Returns an error if anything is lost, duplicated or wrong in the database.
pub(crate) async fn crash(arguments: Arguments) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let redis_url = arguments.place.redis_url.as_deref().context("REDIS_URL is required here")?;
    let rig = CrashRig::set(&arguments.place).await?;
    let mut servers = Servers {
        postgres: Server::new(arguments.postgres_start.clone(), arguments.postgres_pid.clone()),
        redis: Server::new(arguments.redis_start.clone(), arguments.redis_pid.clone()),
        redis_client: Redis::at(redis_url)?,
        outages: Outages::of(&rig.telegram, &rig.model, &rig.speech),
    };
    let tested = tokio::select! {
        tested = test(&arguments, &rig, &mut servers) => tested,
        () = signals.next() => Err(anyhow::anyhow!("interrupted")),
    };
    servers.redis.stop(Signal::Kill).await;
    servers.postgres.stop(Signal::Interrupt).await;
    let home = arguments.place.home.display();
    let findings = tested.with_context(|| format!("the logs are in {home}"))?;
    console::out(&findings.table());
    if !findings.clean() {
        let file = arguments.place.home.join("findings.txt");
        std::fs::write(&file, findings.faults(true)).context("the findings cannot be written")?;
        console::out(&format!("\n{}", findings.faults(false)));
        bail!("not everything is right; the logs and all findings are in {home}");
    }
    Ok(())
}

/// The services, the people and the bot's database.
struct CrashRig {
    world: Environment,
    telegram: Telegram,
    model: Anthropic,
    speech: OpenAi,
    books: Books,
}

async fn test(arguments: &Arguments, scene: &CrashRig, servers: &mut Servers) -> anyhow::Result<Findings> {
    console::remark(&format!("seed {}, {} kills", arguments.seed, arguments.kills));
    let mut people = people::everybody(&scene.telegram, arguments.people, arguments.groups, arguments.seed);
    let settings = settings();
    let chaos = ChaosRun {
        world: &scene.world,
        place: &arguments.place,
        settings: &settings,
        kills: arguments.kills,
        seed: arguments.seed,
    };
    let enough = CancellationToken::new();
    let raging = async {
        let outcome = chaos.run(servers, &scene.books).await;
        enough.cancel();
        outcome
    };
    let living = join_all(people.iter_mut().map(|user| user.live(&enough)));
    let (outcome, _) = tokio::join!(raging, living);
    let (mut service, damage) = outcome?;
    let over = Instant::now();
    console::remark("the storm is over; waiting until everything is quiet");
    scene.quiet(&mut service).await?;
    // Whoever was told that nothing came of a question asks again, and everybody's conversation goes on.
    for user in &mut people {
        user.ask(QuestionKind::Short);
    }
    scene.quiet(&mut service).await?;
    let mut signals = Signals::listen()?;
    service.stop(&mut signals).await?;
    // What a crash kept from the statistics is found in the books by a start some time later.
    tokio::time::sleep_until(over + RECOUNT_AFTER).await;
    let mut service = chaos.start(arguments.kills + 1)?;
    service.ready().await?;
    scene.counted(&mut service).await?;
    service.stop(&mut signals).await?;
    let CrashRig { telegram, model, speech, books, .. } = scene;
    let around = Surroundings { telegram, model, speech, books, people: &people, damage: &damage };
    let mut findings = count::count(around).await?;
    scene.judge(&mut findings, &damage, arguments).await?;
    scene.world.stop().await;
    Ok(findings)
}

/// Returns settings of the bot in addition to those of its services.
fn settings() -> Vec<Setting> {
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
    service: &mut Service,
    look: impl AsyncFn() -> anyhow::Result<Vec<(&'static str, i64)>>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + QUIET_WITHIN;
    loop {
        tokio::select! {
            failure = service.ended() => return Err(failure),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let mut open = look().await?;
        open.retain(|&(_, count)| count > 0);
        if open.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!(service.report(&format!("still open after {} s: {open:?}", QUIET_WITHIN.as_secs())));
        }
    }
}

impl CrashRig {
    async fn set(place: &Paths) -> anyhow::Result<Self> {
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
    async fn quiet(&self, service: &mut Service) -> anyhow::Result<()> {
        let open_ends = async || {
            let mut open = self.books.open_ends().await?;
            open.push(("updates that were not taken", i64::try_from(self.telegram.unconfirmed())?));
            Ok(open)
        };
        empty(service, open_ends).await
    }

    /// Waits until all turns are in the statistics.
    async fn counted(&self, service: &mut Service) -> anyhow::Result<()> {
        let uncounted = async || Ok(vec![("turns that are not counted", self.books.uncounted().await?)]);
        empty(service, uncounted).await
    }

    /// Adds the findings of the audit, the logs and the emulators.
    async fn judge(
        &self,
        findings: &mut Findings,
        damage: &DisruptionCounts,
        arguments: &Arguments,
    ) -> anyhow::Result<()> {
        findings.count("deaths of the bot", damage.kills.len());
        findings.count("deaths of Redis", damage.redis_kills);
        findings.count("times that Redis was flushed", damage.flushes);
        findings.count("restarts of PostgreSQL", damage.postgres_restarts);
        findings.count("outages of transcription and file stores", damage.outages);
        findings.count("losses of all copies at the provider", damage.forgot.len());
        findings.count("requests to the model", self.model.requests().len());
        self.audit(findings, &arguments.place).await?;
        let (refused, panics) = ("requests that the model refused", "panics in the logs");
        let unheard = "requests that the transcription refused";
        findings.expect_none(&[refused, unheard, panics]);
        for request in self.speech.refusals() {
            findings.fault(unheard, format!("{:?}", request.outcome));
        }
        for request in self.model.refusals() {
            findings.fault(refused, format!("{:?}", request.outcome));
        }
        for start in 0..=arguments.kills + 1 {
            let log = arguments.place.home.join(format!("start-{start:03}/starling.log"));
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            for line in text.lines().filter(|line| line.contains("panicked")) {
                findings.fault(panics, format!("start {start}: {line}"));
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
