//! Files that are fetched: how many at once, and what comes of each.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::file::ProviderCopy;
use crate::domain::ids::{MessageId, UserId};
use crate::domain::speech::Spoken;
use crate::telegram::pipeline::slots::{Slot, Slots};

/// How long one file may take, from its message on: waiting for penalties and places, all tries, and what is made of it.
pub(super) const FETCH_LIMIT: Duration = Duration::from_secs(240);
/// Files that are on their way at once, over all chats. Each is in memory once, so all take at most this many times
/// [`DOWNLOAD_LIMIT`](crate::telegram::inbound::attachments::DOWNLOAD_LIMIT) bytes; those that are small enough for the cache are copied for it.
const MAX_FETCHES: usize = 8;
/// The same of one person, wherever: whoever sends many does not keep others waiting.
const MAX_FETCHES_PER_USER: usize = 2;

/// A file that has arrived, or has not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FetchResult {
    /// The message that brought it.
    pub message: MessageId,
    /// Whether it is the file of the message that this one replies to.
    pub replied: bool,
    /// What came of it.
    pub outcome: FetchOutcome,
}

/// What came of fetching a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FetchOutcome {
    /// Its copy at the provider, and its length in bytes.
    Copied(ProviderCopy, u64),
    /// No model reads it at its length in bytes, of which Telegram had not told.
    Unreadable(u64),
    /// Its content, of this length in bytes, is not what its name and type say.
    Foreign(u64),
    /// Its sender cannot be answered now; it was not tried. The gate has the last word.
    Withheld,
    /// It could not be fetched, or transcribed.
    Failed,
    /// What was said in a recording.
    Heard(Spoken),
    /// It is a recording, and this installation transcribes none.
    Off,
}

/// A file on its way. Dropping this gives it up.
pub(crate) type FetchFuture = BoxFuture<'static, FetchResult>;

/// The places of files that are on their way. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FetchPermits {
    all: Arc<Semaphore>,
    users: Slots,
}

/// A place that is taken until this is dropped.
pub(super) type FetchPermit = (Slot, Option<OwnedSemaphorePermit>);

impl Default for FetchPermits {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(MAX_FETCHES)), users: Slots::new(MAX_FETCHES_PER_USER) }
    }
}

impl FetchPermits {
    /// Waits for a place; one's own comes first, so that nobody keeps one from others that is not used yet.
    pub(super) async fn take(&self, user: UserId) -> FetchPermit {
        let own = self.users.acquire(user).await;
        // Nobody closes the semaphore, so there is always a permit.
        (own, self.all.clone().acquire_owned().await.ok())
    }
}
