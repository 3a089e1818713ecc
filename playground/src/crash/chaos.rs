//! Fault injection of the crash test: kills the bot at random moments, also while it starts or recovers, and
//! meanwhile kills and flushes Redis, restarts PostgreSQL, and lets transcription and file stores fail.

pub(super) mod outages;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::watch;

use self::outages::Outages;
use super::books::Books;
use super::servers::{Redis, Server, Signal};
use crate::console;
use crate::service::{Service, Setting};
use crate::world::{Environment, Paths};

/// Early kills, in milliseconds after a start: during migrations, replay and recovery.
const EARLY: std::ops::Range<u64> = 20..600;
/// Late kills, in milliseconds after a start: during normal work.
const LATE: std::ops::Range<u64> = 600..3_500;
/// Percentage of early kills.
const EARLY_SHARE: u32 = 30;
/// Bursts: the number of kills between two bursts, the kills of one, and their moments after a start, in
/// milliseconds.
const BURST: (u32, u32, std::ops::Range<u64>) = (10, 3, 300..1_300);
/// How long a server stays stopped, in milliseconds.
const AWAY: std::ops::Range<u64> = 0..1_500;

/// The bot under test and the plan of its kills.
pub(super) struct ChaosRun<'a> {
    /// The services around the bot.
    pub world: &'a Environment,
    /// The working directory of the bot.
    pub place: &'a Paths,
    /// Settings of the bot in addition to those of its services.
    pub settings: &'a [Setting],
    /// The number of kills.
    pub kills: u32,
    /// The source of all random moments.
    pub seed: u64,
}

/// A fault of a server.
#[derive(Clone, Copy, Debug)]
enum Disruption {
    RedisKilled,
    RedisFlushed,
    PostgresRestarted,
    TranscriptionAway,
    UploadsFail,
    DownloadsFail,
    DeliveriesUnanswered,
    CopiesForgotten,
}

/// The server faults, spread over the kills in this order.
const DISRUPTIONS: [Disruption; 20] = [
    Disruption::RedisKilled,
    Disruption::UploadsFail,
    Disruption::RedisFlushed,
    Disruption::TranscriptionAway,
    Disruption::PostgresRestarted,
    Disruption::DeliveriesUnanswered,
    Disruption::RedisKilled,
    Disruption::DownloadsFail,
    Disruption::RedisFlushed,
    Disruption::CopiesForgotten,
    Disruption::RedisKilled,
    Disruption::TranscriptionAway,
    Disruption::PostgresRestarted,
    Disruption::UploadsFail,
    Disruption::RedisFlushed,
    Disruption::DeliveriesUnanswered,
    Disruption::RedisKilled,
    Disruption::DownloadsFail,
    Disruption::RedisFlushed,
    Disruption::TranscriptionAway,
];

/// The faults by kind.
#[derive(Clone, Default, Debug)]
pub(super) struct DisruptionCounts {
    /// When the bot was killed.
    pub kills: Vec<Instant>,
    /// Kills of Redis.
    pub redis_kills: u32,
    /// Flushes of Redis.
    pub flushes: u32,
    /// Restarts of PostgreSQL.
    pub postgres_restarts: u32,
    /// Outages of transcription, of the provider's and of Telegram's files.
    pub outages: u32,
    /// When the provider forgot copies.
    pub forgot: Vec<Instant>,
    /// The copies that the provider forgot.
    pub forgotten: Vec<String>,
}

/// The servers to break.
pub(super) struct Servers {
    /// PostgreSQL.
    pub postgres: Server,
    /// Redis.
    pub redis: Server,
    /// The client that flushes Redis.
    pub redis_client: Redis,
    /// The emulators whose files fail.
    pub outages: Outages,
}

impl ChaosRun<'_> {
    /// Injects all faults. Returns the bot that runs afterwards and the numbers of faults. An exit of the bot
    /// without a kill is an error.
    pub(super) async fn run(
        &self,
        servers: &mut Servers,
        books: &Books,
    ) -> anyhow::Result<(Service, DisruptionCounts)> {
        let (killed, kills) = watch::channel(0);
        let (killed, damage) = tokio::join!(self.kill(killed), self.inject(servers, books, kills));
        let (service, kills) = killed?;
        Ok((service, DisruptionCounts { kills, ..damage? }))
    }

    /// Starts the bot for the `number`th time, with a log of its own.
    pub(super) fn start(&self, number: u32) -> anyhow::Result<Service> {
        let home: PathBuf = self.place.home.join(format!("start-{number:03}"));
        std::fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
        self.world.launch(self.place, &home, self.settings)
    }

    async fn kill(&self, killed: watch::Sender<u32>) -> anyhow::Result<(Service, Vec<Instant>)> {
        let mut moments = StdRng::seed_from_u64(self.seed);
        let mut service = self.start(0)?;
        // Migrations of an empty database are no part of a crash.
        service.ready().await?;
        let mut kills = Vec::new();
        for kill in 1..=self.kills {
            let early = moments.random_range(0..100) < EARLY_SHARE;
            let (every, length, quick) = BURST;
            let moment = moments.random_range(match early {
                _ if kill % every < length => quick,
                true => EARLY,
                false => LATE,
            });
            tokio::select! {
                failure = service.ended() => return Err(failure.context("nobody had killed the bot")),
                () = tokio::time::sleep(Duration::from_millis(moment)) => {}
            }
            service.kill().await?;
            kills.push(Instant::now());
            console::remark(&format!("kill {kill}: {moment} ms after its start"));
            killed.send_replace(kill);
            service = self.start(kill)?;
        }
        Ok((service, kills))
    }

    async fn inject(
        &self,
        servers: &mut Servers,
        books: &Books,
        mut kills: watch::Receiver<u32>,
    ) -> anyhow::Result<DisruptionCounts> {
        let mut moments = StdRng::seed_from_u64(!self.seed);
        let mut damage = DisruptionCounts::default();
        for (number, disruption) in (1..).zip(DISRUPTIONS) {
            let after = self.kills * number / (u32::try_from(DISRUPTIONS.len())? + 1);
            if kills.wait_for(|&kills| kills >= after).await.is_err() {
                bail!("the storm ended early");
            }
            let pause = moments.random_range(AWAY);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let away = moments.random_range(AWAY);
            console::remark(&format!(
                "{disruption:?} {pause} ms after kill {}, for {away} ms",
                *kills.borrow()
            ));
            disrupt(disruption, Duration::from_millis(away), servers, books, &mut damage).await?;
        }
        Ok(damage)
    }
}

/// Injects one fault and records it.
async fn disrupt(
    disruption: Disruption,
    away: Duration,
    servers: &mut Servers,
    books: &Books,
    damage: &mut DisruptionCounts,
) -> anyhow::Result<()> {
    match disruption {
        Disruption::RedisFlushed => {
            servers.redis_client.flush().await.context("Redis cannot be flushed")?;
            damage.flushes += 1;
        }
        Disruption::RedisKilled => {
            servers.redis.end(Signal::Kill).await?;
            tokio::time::sleep(away).await;
            servers.redis.start()?;
            servers.redis_client.ready().await?;
            damage.redis_kills += 1;
        }
        Disruption::PostgresRestarted => {
            servers.postgres.end(Signal::Interrupt).await?;
            tokio::time::sleep(away).await;
            servers.postgres.start()?;
            books.ready().await?;
            damage.postgres_restarts += 1;
        }
        Disruption::TranscriptionAway => {
            servers.outages.transcription(away).await;
            damage.outages += 1;
        }
        Disruption::UploadsFail => {
            servers.outages.uploads();
            damage.outages += 1;
        }
        Disruption::DownloadsFail => {
            servers.outages.downloads();
            damage.outages += 1;
        }
        Disruption::DeliveriesUnanswered => {
            servers.outages.deliveries();
            damage.outages += 1;
        }
        Disruption::CopiesForgotten => {
            damage.forgotten.extend(servers.outages.forget());
            damage.forgot.push(Instant::now());
        }
    }
    Ok(())
}
