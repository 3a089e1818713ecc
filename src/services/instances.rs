//! This process among the instances of the bot. The others give it up when its process is gone, or when its
//! heartbeat has stopped for 10 s. An instance that was given up ends, and what it had under way is fenced off by
//! the epochs of its turns.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::db::crashes::{self, Crash};
use crate::db::instances::{self, DEAD_AFTER, Death, InstanceRow, Pulse};
use crate::db::{Db, DbError, leases};
use crate::domain::bucket::BUCKETS;
use crate::domain::clock::Clock;
use crate::domain::ids::InstanceId;
use crate::lifecycle::process_identity::{ProcessIdentity, host_name};
use crate::lifecycle::{Lifecycle, kill_point};
use crate::telemetry::metrics::Metrics;

/// The pause after a heartbeat, and after one that has failed.
const BEAT_PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(500));
/// The pause between two looks whether the others know of this instance.
const KNOWN_PAUSE: Duration = Duration::from_millis(100);
/// Time limit of a heartbeat.
const BEAT_LIMIT: Duration = Duration::from_secs(2);

/// This process among the instances. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(super) db: Db,
    pub(super) life: Lifecycle,
    pub(super) metrics: Metrics,
    process: Arc<ProcessIdentity>,
    /// `None` before it is registered and after it has left.
    id: watch::Sender<Option<InstanceId>>,
}

impl Instance {
    pub(crate) fn new(db: Db, life: Lifecycle, metrics: Metrics) -> Self {
        let process = Arc::new(ProcessIdentity::own());
        Self { db, life, metrics, process, id: watch::Sender::new(None) }
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
        self.life.holdings.join(id);
        self.id.send_replace(Some(id));
        Ok(())
    }

    /// Waits until all other instances that are alive know of this one: until then, one of them may believe to be
    /// alone and not look for updates that this one stores.
    ///
    /// # Errors
    /// Returns an error if the service shuts down or the database fails permanently.
    pub(crate) async fn known(&self) -> Result<(), DbError> {
        let (db, id) = (&self.db, self.id()?);
        while db.until(&self.life.drain).persist(|| instances::unaware(db, id)).await? > 0 {
            tokio::select! {
                () = self.life.drain.cancelled() => return Err(DbError::Cancelled),
                () = sleep(KNOWN_PAUSE) => {}
            }
        }
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
            let beat = instances::beat(&self.db, id, self.life.leaving.is_cancelled());
            let pause = match timeout(BEAT_LIMIT, beat).await {
                Ok(Ok(Pulse::Alive { has_peers, deaths })) => {
                    fence.beaten(sent, has_peers);
                    self.metrics.instance_deaths.set(deaths);
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

    /// Returns the id under which this instance is registered.
    ///
    /// # Errors
    /// Returns an error if it is not registered, or has left.
    pub(super) fn id(&self) -> Result<InstanceId, DbError> {
        (*self.id.borrow()).ok_or(DbError::MissingRow { at: "instances::id" })
    }

    /// Declares another instance dead if its process is gone or, with `judges`, if it is silent. In the same
    /// transaction the crash is counted for what it had in flight, and its buckets become free. Returns whether it
    /// is dead.
    pub(super) async fn bury(&self, row: &InstanceRow, judges: bool) -> Result<bool, DbError> {
        let death = match (self.process.sees_gone(&row.process), judges && is_silent(row)) {
            (true, _) => Death::Gone,
            (false, true) => Death::Silent,
            (false, false) => return Ok(false),
        };
        let (id, beat_age_ms) = (row.id, row.beat_age_ms);
        let mut tx = self.db.begin().await?;
        if !instances::declare_dead(&mut tx, id, death).await? {
            return Ok(false);
        }
        let crash = crashes::count(&mut tx, Some(id)).await?;
        leases::free(&mut tx, id).await?;
        kill_point!("takeover: before the commit");
        Db::commit(tx).await?;
        tracing::warn!(
            instance.id = id.0,
            ?death,
            beat_age_ms,
            buckets = row.buckets,
            "the instance {id} has ended without a word"
        );
        report(crash);
        kill_point!("takeover: declared dead");
        Ok(true)
    }

    /// Succeeds an instance of the former version that has died with the duty `work`, and counts that crash.
    pub(super) async fn succeed_former(&self, id: InstanceId) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        if instances::succeed_former(&mut tx, id).await? {
            let crash = crashes::count(&mut tx, None).await?;
            Db::commit(tx).await?;
            report(crash);
        }
        Ok(())
    }

    /// Gives all buckets back, so that other instances take them at once. Nothing may be running any more. With
    /// `orderly`, what is left was in flight in no crash. Changes nothing for the others if this instance was
    /// given up.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub(crate) async fn leave(&self, orderly: bool) -> Result<(), DbError> {
        let Some(id) = self.id.send_replace(None) else { return Ok(()) };
        // Whoever takes the buckets must not meet a task that did not end in time.
        self.life.fence.close();
        let mut tx = self.db.begin().await?;
        if instances::leave(&mut tx, id).await? {
            if orderly {
                crashes::clear(&mut tx, id).await?;
            } else {
                crashes::count(&mut tx, Some(id)).await?;
            }
            leases::free(&mut tx, id).await?;
            instances::pass_work_on(&mut tx, id).await?;
        }
        Db::commit(tx).await?;
        self.metrics.work_epoch.set(0);
        self.metrics.buckets_held.set(0);
        Ok(())
    }
}

fn report(Crash { turns, updates }: Crash) {
    if turns + updates > 0 {
        tracing::warn!(turns, updates, "it ended in a crash, with this in flight");
    }
}

/// Returns whether no heartbeat of an instance has arrived for so long that it counts as dead.
pub(super) fn is_silent(row: &InstanceRow) -> bool {
    Duration::from_millis(row.beat_age_ms.unsigned_abs()) > DEAD_AFTER
}

/// Describes the instances that are alive, one line each.
///
/// # Errors
/// Returns the errors of the database.
pub async fn describe(db: &Db) -> Result<String, DbError> {
    let known = instances::known(db).await?;
    let mut lines: Vec<String> = known.iter().filter(|row| !is_silent(row)).map(describe_one).collect();
    if lines.is_empty() {
        lines.push("no instance is running".to_owned());
    }
    Ok(lines.join("\n"))
}

fn describe_one(row: &InstanceRow) -> String {
    let InstanceRow { id, name, version, process, started_at, beat_age_ms, draining, buckets, .. } = row;
    let minute = "%Y-%m-%d %H:%M:%S UTC";
    let does = match &row.since {
        _ if row.is_former => "answers all chats, as the former version does".to_owned(),
        None if *draining => "has no chats any more".to_owned(),
        None => "has no chats yet".to_owned(),
        Some((since, epoch)) => {
            let state = if *draining { "finishes its work" } else { "works" };
            format!("{state} ({buckets} of {BUCKETS} buckets, since {}, epoch {epoch})", since.format(minute))
        }
    };
    format!(
        "{id}  {name}  pid {}  version {version}  since {}  heartbeat {:.1} s ago  {does}",
        process.pid,
        started_at.format(minute),
        Duration::from_millis(beat_age_ms.unsigned_abs()).as_secs_f64(),
    )
}
