//! One batch of write-behind, written in one transaction. If the database refuses it, it is halved repeatedly
//! until the refused item is alone and becomes a dead letter; all others are written.

use std::collections::HashSet;

use crate::cache::write_behind::StreamEntry;
use crate::db::{Db, DbError, dead_letters, records};
use crate::domain::record::Record;
use crate::telemetry::logs::chain;
use crate::telemetry::metrics::Metrics;

/// An item that is being processed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PendingRecord {
    /// The item's id in the stream, if it comes from there.
    entry: Option<String>,
    item: Item,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Item {
    Record(Record),
    /// The item was removed from the stream meanwhile.
    Gone,
    /// The item cannot be parsed: its payload, and the reason.
    Unreadable(String, String),
}

impl PendingRecord {
    pub(super) fn direct(record: Record) -> Self {
        Self { entry: None, item: Item::Record(record) }
    }

    pub(super) fn from_stream(entry: StreamEntry) -> Self {
        let item = match serde_json::from_str(&entry.payload) {
            _ if entry.payload.is_empty() => Item::Gone,
            Ok(record) => Item::Record(record),
            Err(error) => Item::Unreadable(entry.payload, error.to_string()),
        };
        Self { entry: Some(entry.id), item }
    }

    fn record(&self) -> Option<&Record> {
        if let Item::Record(record) = &self.item { Some(record) } else { None }
    }
}

/// The result of a batch.
#[derive(Debug)]
pub(super) struct BatchResult {
    /// Positions of the settled items: written, or stored as dead letters.
    settled: HashSet<usize>,
    /// Why the others are not settled.
    pub(super) result: Result<(), DbError>,
}

impl BatchResult {
    /// Returns the stream ids of the settled items.
    pub(super) fn done<'a>(&self, held: &'a [PendingRecord]) -> Vec<&'a str> {
        let settled = held.iter().enumerate().filter(|(at, _)| self.settled.contains(at));
        settled.filter_map(|(_, held)| held.entry.as_deref()).collect()
    }

    /// Returns the records that are not settled.
    pub(super) fn left(&self, held: Vec<PendingRecord>) -> Vec<Record> {
        let left = held.into_iter().enumerate().filter(|(at, _)| !self.settled.contains(at));
        left.filter_map(|(_, held)| if let Item::Record(record) = held.item { Some(record) } else { None })
            .collect()
    }
}

/// Writes all items that can be written. Stops at the first sign that the database is away.
pub(super) async fn write(db: &Db, metrics: &Metrics, held: &[PendingRecord]) -> BatchResult {
    let timer = metrics.write_flush.start_timer();
    let mut settled = HashSet::new();
    let result = settle(db, metrics, held, &mut settled).await;
    timer.observe_duration();
    BatchResult { settled, result }
}

async fn settle(
    db: &Db,
    metrics: &Metrics,
    held: &[PendingRecord],
    settled: &mut HashSet<usize>,
) -> Result<(), DbError> {
    let mut readable = Vec::with_capacity(held.len());
    for (at, PendingRecord { entry, item }) in held.iter().enumerate() {
        match item {
            Item::Record(_) => readable.push(at),
            Item::Gone => drop(settled.insert(at)),
            Item::Unreadable(payload, error) => {
                let id = format!("unreadable:{}", entry.as_deref().unwrap_or_default());
                move_to_dead_letters(db, metrics, &id, payload, error).await?;
                settled.insert(at);
            }
        }
    }
    let mut pieces = vec![readable];
    while let Some(piece) = pieces.pop() {
        let batch: Vec<Record> = piece.iter().filter_map(|&at| held[at].record()).cloned().collect();
        match db.attempt(apply(db, &batch)).await {
            Ok(()) => {
                for record in &batch {
                    metrics.write_flushed.with_label_values(&[record.kind()]).inc();
                }
                settled.extend(piece);
            }
            // A batch that is too much for one statement may succeed in two.
            Err(error) if error.is_transient() && !(error.is_timeout() && piece.len() > 1) => {
                return Err(error);
            }
            Err(error) if piece.len() > 1 => {
                tracing::debug!(records = piece.len(), error = %chain(&error), "a batch is refused, trying its halves");
                let (first, second) = piece.split_at(piece.len() / 2);
                pieces.extend([second.to_vec(), first.to_vec()]);
            }
            Err(error) => {
                for record in &batch {
                    let payload = serde_json::to_string(record).unwrap_or_default();
                    move_to_dead_letters(db, metrics, &record.id(), &payload, &chain(&error)).await?;
                }
                settled.extend(piece);
            }
        }
    }
    Ok(())
}

async fn apply(db: &Db, batch: &[Record]) -> Result<(), DbError> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    records::apply(&mut tx, batch).await?;
    Db::commit(tx).await
}

async fn move_to_dead_letters(
    db: &Db,
    metrics: &Metrics,
    id: &str,
    payload: &str,
    error: &str,
) -> Result<(), DbError> {
    db.attempt(dead_letters::put(db, id, payload, error)).await?;
    metrics.write_dead_letters.inc();
    tracing::error!(record = id, error, "the record {id} is refused and is now a dead letter");
    Ok(())
}
