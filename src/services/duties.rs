//! Which duties this instance has: what only one instance does at a time. A duty is taken when nobody has it, or
//! when whoever has it is dead, and given back at drain as soon as its job has ended. Nobody takes one from an
//! instance that lives.

mod standing;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use self::standing::{Standing, Standings};
use super::instances::Instance;
use crate::db::duties::{self, DutyRow};
use crate::db::{Db, DbError};
use crate::domain::duty::Duty;
use crate::domain::ids::InstanceId;
use crate::lifecycle::{Lifecycle, kill_point};
use crate::telemetry::metrics::Metrics;

/// The pause between two looks, and after one that has failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Time limit of a look, and of giving a duty back.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a duty stays free before an instance takes it that has its share already.
const PATIENCE: Duration = Duration::from_secs(3);

/// The duties of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Duties(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    instance: Instance,
    life: Lifecycle,
    metrics: Metrics,
    standings: watch::Sender<Standings>,
}

impl Duties {
    pub(crate) fn new(db: Db, instance: Instance, life: Lifecycle, metrics: Metrics) -> Self {
        Self(Arc::new(Inner { db, instance, life, metrics, standings: watch::Sender::default() }))
    }

    /// Takes and keeps its share of the `wanted` duties until the service is to stop, and gives each back when its job
    /// has ended. Ends when the service drains and all are given back, or when running work is cut.
    pub(crate) async fn keep(self, wanted: Vec<Duty>) {
        for duty in &wanted {
            self.0.metrics.duties_held.with_label_values(&[duty.name()]).set(0);
        }
        let life = &self.0.life;
        let mut free = BTreeMap::new();
        let mut missed = false;
        while !life.stops() {
            let looked = timeout(LIMIT, self.look(&wanted, &mut free)).await;
            let error = looked.unwrap_or(Err(DbError::Deadline { limit: LIMIT })).err();
            if let Some(error) = error.as_ref().filter(|_| !missed) {
                // The log says so once.
                let error = error as &dyn std::error::Error;
                tracing::warn!(error, "this instance cannot see who has which duty");
            }
            missed = error.is_some();
            tokio::select! {
                () = life.stopped() => {}
                () = sleep(PAUSE) => {}
            }
        }
        life.abort.run_until_cancelled(self.hand_over()).await;
        life.drain.cancelled().await;
    }

    /// Compares what this instance has with the database, and takes what is free. Remembers in `free` since when
    /// a duty is seen to be free.
    async fn look(&self, wanted: &[Duty], free: &mut BTreeMap<Duty, Instant>) -> Result<(), DbError> {
        let id = self.0.instance.id()?;
        let rows = duties::read(&self.0.db).await?;
        let rows: BTreeMap<Duty, DutyRow> = rows.into_iter().map(|row| (row.duty, row)).collect();
        let wanted: Vec<&DutyRow> = wanted.iter().filter_map(|duty| rows.get(duty)).collect();
        for row in &wanted {
            self.note(row, id);
        }
        free.retain(|duty, _| rows.get(duty).is_some_and(|row| row.holder.is_none()));
        let has_own = |row: &&&DutyRow| row.holder == Some(id);
        let (own, mut taken) = (wanted.iter().filter(has_own).count(), Vec::new());
        if wanted.iter().all(|row| row.holder.is_some()) {
            return Ok(());
        }
        let candidates = usize::try_from(duties::candidates(&self.0.db).await?).unwrap_or(1);
        let share = wanted.len().div_ceil(candidates.max(1));
        for row in wanted.iter().filter(|row| row.holder.is_none()) {
            let since = *free.entry(row.duty).or_insert_with(Instant::now);
            let is_due = own + taken.len() < share || since.elapsed() >= PATIENCE;
            if !is_due || self.0.life.stops() {
                continue;
            }
            if let Some(epoch) = duties::take(&self.0.db, id, row).await? {
                kill_point!("duty: taken");
                self.note(&DutyRow { epoch, holder: Some(id), ..**row }, id);
                taken.push(row.duty.name());
            }
        }
        if !taken.is_empty() {
            tracing::info!(duties = taken.join(", "), "this instance has duties that nobody had");
        }
        Ok(())
    }

    /// Records one duty row as it was read.
    fn note(&self, row: &DutyRow, id: InstanceId) {
        let gauge = self.0.metrics.duties_held.with_label_values(&[row.duty.name()]);
        gauge.set((row.holder == Some(id)).into());
        self.0.standings.send_if_modified(|standings| standings.note(row, id));
    }

    /// Gives back what this instance has, each duty once its job has ended.
    async fn hand_over(&self) {
        let mut changes = self.0.standings.subscribe();
        loop {
            let mut ended = Vec::new();
            self.0.standings.send_if_modified(|standings| {
                ended = standings.give_up();
                !ended.is_empty()
            });
            for (duty, epoch) in ended {
                self.give_back(duty, epoch).await;
            }
            if changes.wait_for(|standings| !standings.has_busy_only()).await.is_err() {
                return;
            }
            if self.0.standings.borrow().is_empty_handed() {
                return;
            }
        }
    }

    async fn give_back(&self, duty: Duty, epoch: i64) {
        let Ok(id) = self.0.instance.id() else { return };
        let given = timeout(LIMIT, duties::give_back(&self.0.db, id, duty, epoch)).await;
        if let Err(error) = given.unwrap_or(Err(DbError::Deadline { limit: LIMIT })) {
            // It is free once this instance has ended.
            let error = &error as &dyn std::error::Error;
            tracing::warn!(duty = duty.name(), error, "the duty {} was not given back", duty.name());
        }
        self.0.metrics.duties_held.with_label_values(&[duty.name()]).set(0);
    }

    /// Runs `job` while this instance has the duty. The job ends by itself when the service is to stop or drains, and
    /// is dropped if the duty is lost. Ends when the job has ended by itself and the service drains.
    pub(crate) async fn perform<F: Future<Output = ()>>(self, duty: Duty, mut job: impl FnMut() -> F) {
        let life = &self.0.life;
        loop {
            let epoch = tokio::select! {
                () = life.stopped() => break,
                epoch = self.taken(duty) => epoch,
            };
            if !self.begin(duty, epoch) {
                continue;
            }
            tokio::select! {
                () = job() => {
                    self.0.standings.send_modify(|standings| standings.end(duty, epoch));
                    break;
                }
                () = self.lost(duty, epoch) => {
                    tracing::warn!(duty = duty.name(), epoch, "this instance has lost the duty {}", duty.name());
                }
            }
        }
        life.drain.cancelled().await;
    }

    /// Marks the job of a duty as running, if this instance still has the duty and is not to stop.
    fn begin(&self, duty: Duty, epoch: i64) -> bool {
        let life = &self.0.life;
        let begin = |standings: &mut Standings| !life.stops() && standings.begin(duty, epoch);
        self.0.standings.send_if_modified(begin)
    }

    /// Waits until this instance has a duty whose job does not run. Returns its epoch.
    pub(crate) async fn taken(&self, duty: Duty) -> i64 {
        let mut changes = self.0.standings.subscribe();
        loop {
            if let Standing::Taken(epoch) = changes.borrow_and_update().of(duty) {
                return epoch;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until another instance that is alive has a duty, or, with `false`, until no other one has it.
    pub(crate) async fn until_elsewhere(&self, duty: Duty, is_elsewhere: bool) {
        let is_so = |standings: &Standings| (standings.of(duty) == Standing::Elsewhere) == is_elsewhere;
        if self.0.standings.subscribe().wait_for(is_so).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns whether this instance has a duty.
    pub(crate) fn has(&self, duty: Duty) -> bool {
        self.0.standings.borrow().of(duty).is_own()
    }

    async fn lost(&self, duty: Duty, epoch: i64) {
        let mut changes = self.0.standings.subscribe();
        if changes.wait_for(|standings| standings.of(duty) != Standing::Busy(epoch)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Describes who has which duty, one line each.
///
/// # Errors
/// Returns the errors of the database.
pub(crate) async fn describe(db: &Db) -> Result<String, DbError> {
    let lines = duties::read(db).await?.into_iter().map(|row| {
        let name = row.duty.name();
        match row.holder.zip(row.since) {
            Some((holder, since)) => {
                let since = since.format("%Y-%m-%d %H:%M:%S UTC");
                format!("duty {name}: instance {holder} (since {since}, epoch {})", row.epoch)
            }
            None => format!("duty {name}: nobody"),
        }
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
