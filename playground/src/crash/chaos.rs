//! Fault injection of the crash test: kills instances of the bot at random moments, also while they start or
//! recover, and meanwhile kills and flushes Redis, restarts PostgreSQL, and lets transcription and file stores fail.

pub(super) mod outages;

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::watch;

use self::outages::Outages;
use super::books::Books;
use super::launcher::Launcher;
use super::servers::{Redis, Server, Signal};
use crate::console;
use crate::fleet::Fleet;

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

/// The plan of the kills.
pub(super) struct ChaosRun {
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
    /// When an instance of the bot was killed.
    pub kills: Vec<Instant>,
    /// When an instance was killed or stopped to measure takeovers or deploys.
    pub ends: Vec<Instant>,
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

impl ChaosRun {
    /// Injects all faults while the bot runs. Returns their numbers. An exit of the bot without a kill is an
    /// error.
    pub(super) async fn run(
        &self,
        (launcher, fleet): (&mut Launcher<'_>, &mut Fleet),
        servers: &mut Servers,
        books: &Books,
    ) -> anyhow::Result<DisruptionCounts> {
        if self.kills == 0 {
            return Ok(DisruptionCounts::default());
        }
        let (killed, kills) = watch::channel(0);
        let (killed, damage) =
            tokio::join!(self.kill(launcher, fleet, killed), self.inject(servers, books, kills));
        let kills = killed?;
        Ok(DisruptionCounts { kills, ..damage? })
    }

    async fn kill(
        &self,
        launcher: &mut Launcher<'_>,
        fleet: &mut Fleet,
        killed: watch::Sender<u32>,
    ) -> anyhow::Result<Vec<Instant>> {
        let mut moments = StdRng::seed_from_u64(self.seed);
        let mut kills = Vec::new();
        let mut newest = 0;
        for kill in 1..=self.kills {
            let early = moments.random_range(0..100) < EARLY_SHARE;
            let (every, length, quick) = BURST;
            let moment = moments.random_range(match early {
                _ if kill % every < length => quick,
                true => EARLY,
                false => LATE,
            });
            // An instance that dies early is the one that has just started.
            if fleet.len() > 1 && !early {
                newest = moments.random_range(0..fleet.len());
            }
            tokio::select! {
                failure = fleet.ended() => return Err(failure.context("nobody had killed it")),
                () = tokio::time::sleep(Duration::from_millis(moment)) => {}
            }
            fleet.kill(newest).await?;
            kills.push(Instant::now());
            console::remark(&format!(
                "kill {kill}: instance {}, {moment} ms after the last start",
                newest + 1
            ));
            killed.send_replace(kill);
            launcher.start(fleet, newest)?;
        }
        Ok(kills)
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
