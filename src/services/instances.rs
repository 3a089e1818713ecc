//! This process among the instances of the bot. One of them works, the others stand by: they take over when
//! it has stopped, when its process is gone, or when its heartbeat has stopped for 10 s. An instance that the
//! others have given up ends, and what it had under way is fenced off by the epoch.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::db::instances::{self, DEAD_AFTER, Death, InstanceRow, Pulse};
use crate::db::{Db, DbError, crashes};
use crate::domain::backoff::Backoff;
use crate::domain::clock::Clock;
use crate::domain::ids::InstanceId;
use crate::lifecycle::process_identity::{ProcessIdentity, host_name};
use crate::lifecycle::{Lifecycle, kill_point};
use crate::telemetry::metrics::Metrics;

/// The pause after a heartbeat, and after one that has failed.
const BEAT_PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(500));
/// Time limit of a heartbeat.
const BEAT_LIMIT: Duration = Duration::from_secs(2);
/// The shortest and the longest pause between two looks of an instance that stands by.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// This process among the instances. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    db: Db,
    life: Lifecycle,
    metrics: Metrics,
    process: Arc<ProcessIdentity>,
    /// `None` before it is registered and after it has left.
    id: watch::Sender<Option<InstanceId>>,
}

impl Instance {
    pub(crate) fn new(db: Db, life: Lifecycle, metrics: Metrics) -> Self {
        let process = Arc::new(ProcessIdentity::own());
        Self { db, life, metrics, process, id: watch::Sender::new(None) }
    }

    /// Returns its id; `None` before it is registered and after it has left.
    pub(crate) fn id(&self) -> Option<InstanceId> {
        *self.id.borrow()
    }

    /// Registers this instance, which is alive from now on.
    ///
    /// # Errors
    /// Returns an error if the service shuts down or the database fails permanently.
    pub(crate) async fn join(&self) -> Result<(), DbError> {
        let (db, name) = (&self.db, host_name());
        let join = || instances::join(db, &name, env!("CARGO_PKG_VERSION"), &self.process);
        let id = db.until(&self.life.drain).persist(join).await?;
        tracing::info!(instance.id = id.0, pid = self.process.pid, "this is the instance {id}");
        self.id.send_replace(Some(id));
        Ok(())
    }

    /// Sends heartbeats from the registration on, for as long as it is polled. If the others have given this
    /// instance up, the service fails.
    pub(crate) async fn beat(&self) {
        let mut joined = self.id.subscribe();
        let Ok(id) = joined.wait_for(Option::is_some).await.map(|id| *id) else { return };
        let Some(id) = id else { return };
        let fence = &self.life.fence;
        let mut missed = 0_u32;
        loop {
            let sent = fence.trying();
            let beat = instances::beat(&self.db, id, self.life.drain.is_cancelled());
            let pause = match timeout(BEAT_LIMIT, beat).await {
                Ok(Ok(Pulse::Alive { has_peers })) => {
                    fence.beaten(sent, has_peers);
                    self.metrics.heartbeat_time.set(Clock::System.now().timestamp());
                    missed = 0;
                    BEAT_PAUSES.0
                }
                Ok(Ok(Pulse::Dead)) => return self.end(id),
                _ if self.id.borrow().is_none() => return,
                failed => {
                    // The log says so once.
                    if missed == 0 {
                        let error = failed.unwrap_or(Err(DbError::Deadline { limit: BEAT_LIMIT })).err();
                        tracing::warn!(
                            error = error.as_ref().map(|error| error as &dyn std::error::Error),
                            "a heartbeat did not arrive"
                        );
                    }
                    missed += 1;
                    BEAT_PAUSES.1
                }
            };
            sleep(pause).await;
        }
    }

    /// Ends the service, because the others take this instance for dead.
    fn end(&self, id: InstanceId) {
        // It may have left by itself meanwhile.
        if self.id.borrow().is_none() {
            return;
        }
        self.life.fail();
        tracing::error!(
            instance.id = id.0,
            limit_s = DEAD_AFTER.as_secs(),
            "the instance {id} was declared dead, because no heartbeat had arrived for too long; it ends, \
             so that its supervisor starts another one"
        );
    }

    /// Waits until this instance has the duty to work, and tells `waits` the id and host of the one that has
    /// it. What an earlier holder still has under way can no longer change an open turn then.
    ///
    /// # Errors
    /// Returns an error if the service shuts down or the database fails permanently.
    pub(crate) async fn take_work(&self, waits: impl Fn(InstanceId, &str)) -> Result<(), DbError> {
        let Some(id) = *self.id.borrow() else {
            return Err(DbError::MissingRow { at: "instances::take_work" });
        };
        let mut pauses = Backoff::new(LOOKS.0, LOOKS.1);
        // After an outage of the database, the heartbeats of all are old.
        let mut judges_from = Instant::now();
        loop {
            match self.db.attempt(self.try_to_take(id, Instant::now() >= judges_from)).await {
                Ok(Ok(epoch)) => {
                    self.begin(epoch);
                    return Ok(());
                }
                Ok(Err(holder)) => {
                    if let Some(holder) = holder {
                        waits(holder.id, &holder.name);
                    }
                }
                Err(error) if error.is_transient() => {
                    judges_from = Instant::now() + DEAD_AFTER;
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "this instance cannot see the others"
                    );
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = self.life.drain.cancelled() => return Err(DbError::Cancelled),
                () = sleep(pauses.next()) => {}
            }
        }
    }

    /// Takes the duty if nobody alive has it. Returns the epoch, or the instance that has it. Declares that
    /// one dead first if its process is gone or, with `judges`, if it is silent.
    async fn try_to_take(
        &self,
        id: InstanceId,
        judges: bool,
    ) -> Result<Result<i64, Option<InstanceRow>>, DbError> {
        let known = instances::known(&self.db).await?;
        for row in known.iter().filter(|row| row.id != id && !row.dead) {
            let death = match (self.process.sees_gone(&row.process), judges && is_silent(row)) {
                (true, _) => Death::Gone,
                (false, true) => Death::Silent,
                (false, false) => continue,
            };
            let (id, beat_age_ms) = (row.id, row.beat_age_ms);
            tracing::warn!(
                instance.id = id.0,
                ?death,
                beat_age_ms,
                "the instance {id} has ended without a word"
            );
            instances::declare_dead(&self.db, id, death).await?;
            kill_point!("takeover: declared dead");
        }
        match instances::take_work(&self.db, id).await? {
            Some(epoch) => Ok(Ok(epoch)),
            None => Ok(Err(known.into_iter().find(|row| row.works.is_some()))),
        }
    }

    fn begin(&self, epoch: i64) {
        kill_point!("takeover: after the commit");
        self.life.fence.enter(epoch);
        self.metrics.work_epoch.set(epoch);
        tracing::info!(epoch, "this instance does the work");
    }

    /// Hands the duty over, so that another instance takes it at once. Nothing may be running any more. With
    /// `orderly`, what is left was in flight in no crash. Changes nothing for the others if this instance was
    /// given up.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub(crate) async fn leave(&self, orderly: bool) -> Result<(), DbError> {
        let Some(id) = self.id.send_replace(None) else { return Ok(()) };
        // Whoever takes the duty must not meet a task that did not end in time.
        self.life.fence.close();
        let mut tx = self.db.begin().await?;
        if instances::give_work_back(&mut tx, id).await? && orderly {
            crashes::clear(&mut tx).await?;
        }
        instances::leave(&mut tx, id).await?;
        Db::commit(tx).await?;
        self.metrics.work_epoch.set(0);
        Ok(())
    }
}

/// Returns whether no heartbeat of an instance has arrived for so long that it counts as dead.
fn is_silent(row: &InstanceRow) -> bool {
    Duration::from_millis(row.beat_age_ms.unsigned_abs()) > DEAD_AFTER
}

/// Describes the instances that are alive, one line each.
///
/// # Errors
/// Returns the errors of the database.
pub async fn describe(db: &Db) -> Result<String, DbError> {
    let known = instances::known(db).await?;
    let alive = known.iter().filter(|row| !row.dead && !is_silent(row));
    let mut lines: Vec<String> = alive.map(describe_one).collect();
    if lines.is_empty() {
        lines.push("no instance is running".to_owned());
    }
    Ok(lines.join("\n"))
}

fn describe_one(row: &InstanceRow) -> String {
    let InstanceRow { id, name, version, process, started_at, beat_age_ms, draining, .. } = row;
    let minute = "%Y-%m-%d %H:%M:%S UTC";
    let does = match &row.works {
        None => "stands by".to_owned(),
        Some((since, epoch)) => {
            let state = if *draining { "finishes its work" } else { "works" };
            format!("{state} (since {}, epoch {epoch})", since.format(minute))
        }
    };
    format!(
        "{id}  {name}  pid {}  version {version}  since {}  heartbeat {:.1} s ago  {does}",
        process.pid,
        started_at.format(minute),
        Duration::from_millis(beat_age_ms.unsigned_abs()).as_secs_f64(),
    )
}
