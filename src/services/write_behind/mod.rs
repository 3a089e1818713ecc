//! Write-behind: records are stored in PostgreSQL shortly after they are made, so that no caller waits and no
//! record is lost. They go into a durable stream in Redis and leave it when they are committed; without Redis
//! they go straight to PostgreSQL. A record takes effect once, however often it is applied.
//!
//! Statistics need not survive in the stream: those that a crash takes before they reach it are recovered
//! from the books.

mod batch;
pub(crate) mod letters;

use std::time::Duration;

use rand::Rng;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::duties::Duties;
use crate::cache::{Cache, CacheError, write_behind as stream};
use crate::db::{Db, DbError, records};
use crate::domain::duty::Duty;
use crate::domain::record::Record;
use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics::Metrics;
use batch::PendingRecord;

/// Capacity of the channel between producers and the writer.
const HANDED_OVER: usize = 1_000;
/// How long `put` waits for room in the channel, which is full only while both Redis and PostgreSQL are away.
const ROOM_LIMIT: Duration = Duration::from_secs(1);
/// The most records in one write; this many also start a write early.
const BATCH: usize = 100;
/// How long a record waits in the stream.
const INTERVAL: Duration = Duration::from_secs(5);
/// The stream length at which new records go straight to PostgreSQL.
const STREAM_LIMIT: u64 = 100_000;
/// How often the books are searched for turns that nobody has counted, and how old those must be, in seconds.
const RECOUNT: Duration = Duration::from_secs(600);
const RECOUNT_AGE: f64 = 60.0;
/// The most turns counted at once.
const RECOUNT_BATCH: i64 = 1_000;

/// Accepts records. Cheap to clone; the writer ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct WriteBehind(mpsc::Sender<Record>);

impl WriteBehind {
    /// Queues a record. Waits at most a second, and only while neither Redis nor PostgreSQL takes anything.
    pub async fn put(&self, record: Record) {
        let (id, sent) = (record.id(), self.0.send(record));
        if !matches!(tokio::time::timeout(ROOM_LIMIT, sent).await, Ok(Ok(()))) {
            tracing::warn!(record = id, "the record {id} was dropped because the channel is full");
        }
    }

    /// Queues a record that a later one will replace. Drops it if there is no room.
    pub fn offer(&self, record: Record) {
        if self.0.try_send(record).is_err() {
            tracing::debug!("a record was dropped because the channel is full");
        }
    }
}

/// Writes records; there is one writer per process.
#[derive(Debug)]
pub struct Writer {
    records: mpsc::Receiver<Record>,
    db: Db,
    cache: Cache,
    metrics: Metrics,
    /// The consumer name in the stream's group; differs in each process.
    consumer: String,
    /// Records that neither Redis nor PostgreSQL has accepted yet; no others are received meanwhile.
    waiting: Vec<Record>,
    /// The number of records added to the stream since it was last read.
    fresh: usize,
    /// The number of records in the stream.
    depth: u64,
    /// Whether this instance is the one that recounts; `None`: no other instance does.
    duties: Option<Duties>,
}

/// Creates the channel for records and the writer that receives them.
pub fn open(db: Db, cache: Cache, metrics: Metrics) -> (WriteBehind, Writer) {
    let (sender, records) = mpsc::channel(HANDED_OVER);
    let consumer = format!("{:016x}", rand::rng().random::<u64>());
    let (waiting, duties) = (Vec::new(), None);
    let writer = Writer { records, db, cache, metrics, consumer, waiting, fresh: 0, depth: 0, duties };
    (WriteBehind(sender), writer)
}

impl Writer {
    /// Recounts only while this instance has that duty.
    pub(crate) fn with(self, duties: Duties) -> Self {
        Self { duties: Some(duties), ..self }
    }

    /// Runs until the last [`WriteBehind`] is dropped and all records are written. On abort, it leaves what
    /// is in the stream there.
    pub async fn run(mut self, life: Lifecycle) {
        let mut clock = tokio::time::interval(INTERVAL);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut recount_at = None;
        let mut arrived = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                count = self.records.recv_many(&mut arrived, BATCH), if self.waiting.is_empty() => {
                    if count == 0 {
                        break;
                    }
                    self.keep(std::mem::take(&mut arrived)).await;
                    if self.fresh < BATCH {
                        continue;
                    }
                }
                _ = clock.tick() => {}
                () = may_recount(self.duties.as_ref()), if recount_at.is_none() && !life.drain.is_cancelled() => {
                    recount_at = Some(Instant::now());
                }
            }
            self.turn_over().await;
            let has_duty = self.duties.as_ref().is_none_or(|duties| duties.has(Duty::Recount));
            recount_at = recount_at.filter(|_| has_duty && !life.drain.is_cancelled());
            if recount_at.is_some_and(|time| Instant::now() >= time) {
                recount_at = Some(Instant::now() + RECOUNT);
                self.recount().await;
            }
        }
        self.drain(&life).await;
    }

    /// Adds records to the stream, or writes them directly.
    async fn keep(&mut self, records: Vec<Record>) {
        if self.depth < STREAM_LIMIT {
            match self.put(&records).await {
                Ok(depth) => {
                    self.fresh += records.len();
                    return self.show_depth(depth);
                }
                // Some may be in the stream as well, which is harmless.
                Err(CacheError::Away | CacheError::Failed | CacheError::Refused) => {}
            }
        }
        self.metrics.write_direct.inc_by(records.len() as u64);
        self.write_directly(records).await;
    }

    async fn put(&self, records: &[Record]) -> Result<u64, CacheError> {
        let payloads: Result<Vec<String>, _> = records.iter().map(serde_json::to_string).collect();
        match payloads {
            Ok(payloads) => stream::put(&self.cache, &payloads).await,
            Err(_) => Err(CacheError::Refused),
        }
    }

    /// Runs one round: first the records that wait for PostgreSQL, then those in the stream.
    async fn turn_over(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.write_directly(waiting).await;
        }
        if self.waiting.is_empty() {
            while self.flush().await == Flushed::More {}
        }
    }

    async fn write_directly(&mut self, records: Vec<Record>) {
        let held: Vec<PendingRecord> = records.into_iter().map(PendingRecord::direct).collect();
        let written = batch::write(&self.db, &self.metrics, &held).await;
        if let Err(error) = &written.result {
            self.retry_later(error);
            self.waiting = written.left(held);
        }
    }

    /// Writes one batch from the stream.
    async fn flush(&mut self) -> Flushed {
        let Ok(taken) = stream::take(&self.cache, &self.consumer, BATCH).await else { return Flushed::Away };
        self.fresh = 0;
        self.show_depth(taken.length);
        self.metrics.write_queue_oldest.set(i64::try_from(taken.age_ms / 1_000).unwrap_or(i64::MAX));
        let count = taken.entries.len();
        if count == 0 {
            return Flushed::All;
        }
        let held: Vec<PendingRecord> = taken.entries.into_iter().map(PendingRecord::from_stream).collect();
        let written = batch::write(&self.db, &self.metrics, &held).await;
        let done = written.done(&held);
        if !done.is_empty() && stream::done(&self.cache, &done).await.is_ok() {
            self.show_depth(taken.length.saturating_sub(done.len() as u64));
        }
        match written.result {
            Ok(()) if count < BATCH => Flushed::All,
            Ok(()) => Flushed::More,
            Err(error) => {
                self.retry_later(&error);
                Flushed::Away
            }
        }
    }

    /// Counts turns whose record was lost.
    async fn recount(&mut self) {
        let found = records::uncounted(&self.db, RECOUNT_AGE, RECOUNT_BATCH);
        match self.db.attempt(found).await {
            Ok(turns) if turns.is_empty() => {}
            Ok(turns) => {
                tracing::info!(turns = turns.len(), "turns missing from the statistics were added");
                let records = turns.into_iter().map(|turn| Record::UserStats { turn }).collect();
                self.write_directly(records).await;
            }
            Err(error) => self.retry_later(&error),
        }
    }

    /// Finishes: writes everything that was queued and, while there is time, the stream.
    async fn drain(&mut self, life: &Lifecycle) {
        let written = async {
            loop {
                self.turn_over().await;
                if self.waiting.is_empty() {
                    return;
                }
                tokio::time::sleep(ROOM_LIMIT).await;
            }
        };
        tokio::select! {
            () = written => {}
            () = life.abort.cancelled() => {}
        }
        if !self.waiting.is_empty() {
            tracing::warn!(records = self.waiting.len(), "records were abandoned at shutdown");
        }
    }

    fn retry_later(&self, error: &DbError) {
        self.metrics.write_retries.inc();
        tracing::warn!(error = error as &dyn std::error::Error, "records wait for the database");
    }

    fn show_depth(&mut self, depth: u64) {
        self.depth = depth;
        self.metrics.write_queue_depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }
}

/// Waits until this instance has the duty to recount.
async fn may_recount(duties: Option<&Duties>) {
    if let Some(duties) = duties {
        duties.taken(Duty::Recount).await;
    }
}

/// How a round ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flushed {
    /// Nothing is left.
    All,
    /// The batch was full: there is more.
    More,
    /// Redis or PostgreSQL is away.
    Away,
}
