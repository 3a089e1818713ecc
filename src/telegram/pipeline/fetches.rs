//! Files that are fetched: how many at once, and what comes of each.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::file::{PictureFault, ProviderCopy};
use crate::domain::ids::{MessageId, UserId};
use crate::images::{self, Picture};
use crate::telegram::pipeline::slots::{Slot, Slots};

/// Files that are on their way at once, over all chats. Each is in memory once, so all take at most this many times
/// [`DOWNLOAD_LIMIT`](crate::telegram::inbound::attachments::DOWNLOAD_LIMIT) bytes; those that are small enough for the cache are copied for it.
const MAX_FETCHES: usize = 8;
/// The same of one person, wherever: whoever sends many does not keep others waiting.
const MAX_FETCHES_PER_USER: usize = 2;

/// Pictures that are converted at once, over all chats. Each takes up to 250 MB while it is decoded; a usual
/// photo is not decoded, or takes about 40 MB.
const MAX_CONVERSIONS: usize = 2;

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
    /// It is a picture, of this length in bytes, that cannot be shown to a model.
    Faulty(u64, PictureFault),
    /// Its sender cannot be answered now; it was not tried. The gate has the last word.
    Withheld,
    /// It could not be fetched.
    Failed,
}

/// A file on its way. Dropping this gives it up.
pub(crate) type FetchFuture = BoxFuture<'static, FetchResult>;

/// The places of files that are on their way. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FetchPermits {
    all: Arc<Semaphore>,
    users: Slots,
    conversions: Arc<Semaphore>,
}

/// A place that is taken until this is dropped.
pub(super) type FetchPermit = (Slot, Option<OwnedSemaphorePermit>);

impl Default for FetchPermits {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_FETCHES)),
            users: Slots::new(MAX_FETCHES_PER_USER),
            conversions: Arc::new(Semaphore::new(MAX_CONVERSIONS)),
        }
    }
}

impl FetchPermits {
    /// Waits for a place; one's own comes first, so that nobody keeps one from others that is not used yet.
    pub(super) async fn take(&self, user: UserId) -> FetchPermit {
        let own = self.users.acquire(user).await;
        // Nobody closes the semaphore, so there is always a permit.
        (own, self.all.clone().acquire_owned().await.ok())
    }

    /// Returns a picture in a form that a model takes. The work is done by a thread for blocking work;
    /// dropping the future does not end it, so its place is given back by that thread.
    ///
    /// # Errors
    /// [`PictureFault`] says why the picture cannot be shown.
    pub(super) async fn fit_picture(&self, bytes: Vec<u8>) -> Result<Picture, PictureFault> {
        // Nobody closes the semaphore, so there is always a permit.
        let place = self.conversions.clone().acquire_owned().await.ok();
        let work = move || {
            let _place = place;
            images::fit(&bytes)
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "converting a picture failed");
            Err(PictureFault::Broken)
        })
    }
}
