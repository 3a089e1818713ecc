//! `playground crash`: the crash test. People write to the real bot and send it files while it, or one of several
//! instances, is killed at random moments, Redis is killed and flushed, PostgreSQL is restarted, and transcription
//! and file stores fail. With several instances, takeovers and rolling deploys are measured then. At last the bot
//! runs undisturbed until it is idle, everybody asks once more, and the test compares what was sent, shown and
//! stored.

mod author;
mod books;
mod chaos;
mod count;
mod deploys;
mod files;
mod findings;
mod launcher;
mod marks;
mod people;
mod rig;
mod servers;
mod takeovers;
mod waits;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::future::join_all;
use playground::telegram::Telegram;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::author::QuestionKind;
use self::chaos::outages::Outages;
use self::chaos::{ChaosRun, DisruptionCounts, Servers};
use self::count::Surroundings;
use self::deploys::Deploys;
use self::findings::Findings;
use self::launcher::Launcher;
use self::people::SimulatedUser;
use self::rig::CrashRig;
use self::servers::{Redis, Server, Signal};
use self::takeovers::{Scene, Takeovers};
use self::waits::Waits;
use crate::console;
use crate::fleet::Fleet;
use crate::signals::Signals;
use crate::world::Paths;

/// How long it takes until the bot searches for turns that are missing in the statistics.
const RECOUNT_AFTER: Duration = Duration::from_secs(62);
/// Kills for which takeovers are measured with several instances, unless something else is asked for.
const TAKEOVERS: u32 = 20;
/// People who only ask, while takeovers or deploys are measured.
const ASKERS: usize = 32;

/// Arguments of `crash`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Paths,
    /// How often the bot, or one of its instances, is killed at a random moment; 0 for none of the other faults
    /// either.
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// Instances of the bot, behind a load balancer if they are several.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    instances: u8,
    /// How often one of several instances is killed to measure how long its chats wait; half of the kills are
    /// noticed by a missing heartbeat only. [default: 20 with several instances]
    #[arg(long)]
    takeovers: Option<u32>,
    /// Rolling deploys of several instances, during which no answer may be cut.
    #[arg(long, default_value_t = 0)]
    deploys: u32,
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

impl Arguments {
    /// Returns how many takeovers are measured.
    fn takeovers(&self) -> u32 {
        self.takeovers.unwrap_or(if self.instances > 1 { TAKEOVERS } else { 0 })
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.instances == 1 && self.takeovers() + self.deploys > 0 {
            bail!("--takeovers and --deploys need --instances 2 or more");
        }
        Ok(())
    }
}

/// Everybody who writes to the bot, and how long those wait who only ask.
struct Crowd {
    people: Vec<SimulatedUser>,
    askers: Vec<i64>,
    waits: Waits,
}

impl Crowd {
    fn gather(arguments: &Arguments, telegram: &Telegram) -> Self {
        let waits = Waits::default();
        let mut people = people::everybody(telegram, arguments.people, arguments.groups, arguments.seed);
        let number = if arguments.takeovers() + arguments.deploys > 0 { ASKERS } else { 0 };
        let askers = people::asking::askers(telegram, number, arguments.seed, &waits);
        let ids = askers.iter().map(SimulatedUser::id).collect();
        people.extend(askers);
        Self { people, askers: ids, waits }
    }
}

/// What was done to the bot, and what was measured then.
struct Ordeal {
    damage: DisruptionCounts,
    takeovers: Takeovers,
    deploys: Deploys,
}

async fn test(arguments: &Arguments, scene: &CrashRig, servers: &mut Servers) -> anyhow::Result<Findings> {
    arguments.check()?;
    let Arguments { seed, kills, instances, .. } = arguments;
    console::remark(&format!("seed {seed}, {kills} kills, {instances} instances"));
    let Crowd { mut people, askers, waits } = Crowd::gather(arguments, &scene.telegram);
    let settings = rig::settings();
    let mut launcher = Launcher::new(&scene.world, &arguments.place, &settings);
    let mut fleet = Fleet::of(usize::from(arguments.instances)).await?;
    // Migrations of an empty database are no part of a crash.
    launcher.start_all(&mut fleet).await?;
    let enough = CancellationToken::new();
    let raging = async {
        let ordeal = rage(scene, arguments, (&askers, &waits), servers, (&mut launcher, &mut fleet)).await;
        enough.cancel();
        ordeal
    };
    let living = join_all(people.iter_mut().map(|user| user.live(&enough)));
    let (ordeal, _) = tokio::join!(raging, living);
    let Ordeal { damage, takeovers, deploys } = ordeal?;
    let over = Instant::now();
    console::remark("the storm is over; waiting until everything is quiet");
    scene.quiet(&mut fleet).await?;
    // Whoever was told that nothing came of a question asks again, and everybody's conversation goes on.
    for user in &mut people {
        user.ask(QuestionKind::Short);
    }
    scene.quiet(&mut fleet).await?;
    let shares = fleet.shares();
    fleet.stop_all().await?;
    // What a crash kept from the statistics is found in the books by a start some time later.
    tokio::time::sleep_until(over + RECOUNT_AFTER).await;
    launcher.start_all(&mut fleet).await?;
    scene.counted(&mut fleet).await?;
    fleet.stop_all().await?;
    let CrashRig { telegram, model, speech, books, .. } = scene;
    let around = Surroundings { telegram, model, speech, books, people: &people, damage: &damage };
    let mut findings = count::count(around).await?;
    scene.judge(&mut findings, &damage, &arguments.place).await?;
    if arguments.instances > 1 {
        findings.count("instances that took deliveries", shares.len());
    }
    takeovers.judge(&mut findings);
    deploys.judge(&mut findings);
    scene.world.stop().await;
    Ok(findings)
}

/// Does to the bot what the arguments say, and measures.
async fn rage(
    rig: &CrashRig,
    arguments: &Arguments,
    (askers, waits): (&[i64], &Waits),
    servers: &mut Servers,
    (launcher, fleet): (&mut Launcher<'_>, &mut Fleet),
) -> anyhow::Result<Ordeal> {
    let chaos = ChaosRun { kills: arguments.kills, seed: arguments.seed };
    let mut damage = chaos.run((launcher, fleet), servers, &rig.books).await?;
    let (mut takeovers, mut deploys) = (Takeovers::default(), Deploys::default());
    if arguments.takeovers() > 0 {
        let scene = Scene { telegram: &rig.telegram, books: &rig.books, chats: askers, waits };
        takeovers.measure(arguments.takeovers(), arguments.seed, &scene, (launcher, fleet)).await?;
    }
    if arguments.deploys > 0 {
        deploys.measure(arguments.deploys, (&rig.books, waits), (launcher, fleet)).await?;
    }
    damage.ends.extend(takeovers.kills().iter().chain(deploys.stops()));
    Ok(Ordeal { damage, takeovers, deploys })
}
