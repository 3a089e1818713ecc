//! The log of requests that the emulated APIs share: one record per request, its outcome, and waiting for a
//! change.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

/// How many records a failed wait prints.
const SHOWN: usize = 5;

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is still being made or sent.
    Open,
    /// The whole scripted response was sent. An error event inside a stream counts as part of it, and so does
    /// a raw body that a test has set.
    Finished,
    /// The client disconnected before the end.
    ClosedByClient,
    /// The emulator broke the connection: by script, or because it was stopped.
    Cut,
    /// The request broke a rule of the API: status and sentence.
    Refused(u16, String),
    /// The request was right, but what it names is gone: status.
    Missing(u16),
    /// An injected fault, such as a 529: status and sentence.
    Failed(u16, String),
}

/// The record of one request.
pub(crate) trait Entry {
    /// Notes how the request has ended.
    fn close(&mut self, outcome: Outcome);

    /// Describes the request for a failed wait.
    fn summary(&self) -> String;
}

/// Every request so far, in order of arrival.
#[derive(Debug)]
pub(crate) struct Log<T> {
    /// The name of the API, for errors.
    api: &'static str,
    entries: Mutex<Vec<T>>,
    changes: watch::Sender<()>,
}

impl<T: Entry> Log<T> {
    /// Creates an empty log.
    pub(crate) fn new(api: &'static str) -> Self {
        Self { api, entries: Mutex::default(), changes: watch::Sender::new(()) }
    }

    /// Calls `probe` with all records.
    pub(crate) fn read<R>(&self, probe: impl FnOnce(&[T]) -> R) -> R {
        probe(&self.entries())
    }

    /// Returns all records.
    pub(crate) fn all(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.entries().clone()
    }

    /// Wakes those who wait, because something else has changed.
    pub(crate) fn touch(&self) {
        self.changes.send_replace(());
    }

    /// Records a request and returns its number.
    pub(crate) fn add(&self, entry: T) -> usize {
        let mut entries = self.entries();
        entries.push(entry);
        let index = entries.len() - 1;
        drop(entries);
        self.touch();
        index
    }

    /// Records a request that is about to be answered.
    pub(crate) fn open(self: &Arc<Self>, entry: T) -> OpenEntry<T> {
        OpenEntry { log: Arc::clone(self), index: self.add(entry), closed: false }
    }

    /// Probes at once and after every change, until there is a value or the bound has passed.
    pub(crate) async fn until<R>(
        &self,
        what: &str,
        bound: Duration,
        mut probe: impl FnMut(&[T]) -> Option<R>,
    ) -> anyhow::Result<R> {
        let mut changes = self.changes.subscribe();
        let deadline = tokio::time::Instant::now() + bound;
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.read(&mut probe) {
                return Ok(found);
            }
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                let (api, seen) = (self.api, self.read(newest));
                anyhow::bail!("not within {bound:?}: {what}; the {api} saw {seen}");
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<T>> {
        self.entries.lock()
    }
}

fn newest<T: Entry>(entries: &[T]) -> String {
    let first = entries.len().saturating_sub(SHOWN);
    let lines: Vec<String> = entries[first..].iter().map(T::summary).collect();
    format!("{} requests, the last being [{}]", entries.len(), lines.join("; "))
}

/// A request without an outcome yet. Dropping it means that the client disconnected, because the server drops
/// the handler, or the answer, of a closed connection.
#[derive(Debug)]
pub(crate) struct OpenEntry<T: Entry> {
    log: Arc<Log<T>>,
    index: usize,
    closed: bool,
}

impl<T: Entry> OpenEntry<T> {
    /// Returns its place in the order of arrival, from 1.
    pub(crate) fn number(&self) -> usize {
        self.index + 1
    }

    /// Changes the record.
    pub(crate) fn change(&self, edit: impl FnOnce(&mut T)) {
        if let Some(entry) = self.log.entries().get_mut(self.index) {
            edit(entry);
        }
        self.log.touch();
    }

    /// Ends the request.
    pub(crate) fn close(mut self, outcome: Outcome) {
        self.settle(outcome, |_| {});
    }

    /// Ends the request and changes its record. Has no effect on one that has ended.
    pub(crate) fn settle(&mut self, outcome: Outcome, edit: impl FnOnce(&mut T)) {
        if !std::mem::replace(&mut self.closed, true) {
            self.change(|entry| {
                entry.close(outcome);
                edit(entry);
            });
        }
    }
}

impl<T: Entry> Drop for OpenEntry<T> {
    fn drop(&mut self) {
        self.settle(Outcome::ClosedByClient, |_| {});
    }
}
