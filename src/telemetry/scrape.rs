//! Lets the reader of state metrics know that Prometheus asks, so that the figures are fresh when it does and
//! cost nothing when it does not.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

/// How long a scrape waits for fresh figures. It then gets those of the scrape before.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many scrapes may wait at a time; others do without fresh figures.
const MOST_WAITING: usize = 4;

/// The server's end. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Scrapes(mpsc::Sender<oneshot::Sender<()>>);

/// The reader's end: each scrape waits until its sender is used or dropped.
pub(crate) type ScrapeRequests = mpsc::Receiver<oneshot::Sender<()>>;

/// Creates both ends.
pub(crate) fn channel() -> (Scrapes, ScrapeRequests) {
    let (sender, requests) = mpsc::channel(MOST_WAITING);
    (Scrapes(sender), requests)
}

impl Scrapes {
    /// Waits until the figures are fresh, at most a second.
    pub(super) async fn refresh(&self) {
        let (done, fresh) = oneshot::channel();
        if self.0.try_send(done).is_ok() && tokio::time::timeout(PATIENCE, fresh).await.is_err() {
            tracing::debug!("the state of the database is not known yet, the scrape gets the last one");
        }
    }
}
