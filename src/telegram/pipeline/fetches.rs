//! Results of file fetches, and limits on concurrent ones.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bot_api::Api;
use crate::domain::file::{Attachment, DocumentFault, PictureFault, ProviderCopy, Refusal, Retrieval};
use crate::domain::ids::{MessageId, UserId};
use crate::domain::speech::Spoken;
use crate::telegram::pipeline::slots::{Slot, Slots};

/// How long a fetch may take from the arrival of its message, including penalties, permits, retries and the
/// copy or transcript.
pub(super) const FETCH_LIMIT: Duration = Duration::from_secs(240);
/// The most concurrent fetches over all chats. Each file is in memory once, so all take at most this many
/// times [`PUBLIC_LIMIT`](crate::domain::file::PUBLIC_LIMIT) bytes, and the room of the larger ones
/// ([`Api::room_for`]); files small enough for the cache are copied for it.
const MAX_FETCHES: usize = 8;
/// The most fetches per user, across chats, so that one sender cannot delay others.
const MAX_FETCHES_PER_USER: usize = 2;
/// The MIME type set for a file whose content contradicts its declared type; no model reads it.
const UNKNOWN: &str = "unknown/unknown";

/// The result of fetching one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FetchResult {
    /// The message with the file, or with the reply to it.
    pub message: MessageId,
    /// Whether the file belongs to the message that `message` replies to.
    pub replied: bool,
    pub outcome: FetchOutcome,
}

/// How fetching a file ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FetchOutcome {
    /// The copy at the provider, and the length in bytes.
    Copied(ProviderCopy, u64),
    /// No model reads a file of this length in bytes; Telegram had not sent the length.
    Unreadable(u64),
    /// The content, of this length in bytes, does not match the file's name and type.
    Foreign(u64),
    /// A picture of this length in bytes that cannot be shown to a model.
    Faulty(u64, PictureFault),
    /// The preview of a document of this length in bytes.
    Previewed(String, u64),
    /// A document of this length in bytes that cannot be read.
    FaultyDocument(u64, DocumentFault),
    /// Not attempted, because the sender cannot be answered now. The gate decides finally.
    Withheld,
    /// Not fetched because of a limit.
    Refused(Refusal),
    /// The fetch or the transcription failed.
    Failed,
    /// What was said in a recording.
    Heard(Spoken),
    /// It is a recording, and this installation transcribes none.
    Off,
}

impl FetchOutcome {
    /// Returns what is known of a file that was fetched, and corrects its description.
    pub(crate) fn settle(self, file: &mut Attachment) -> Retrieval {
        if matches!(self, Self::Foreign(_) | Self::Faulty(..)) {
            // The declared type is wrong and the real one unknown.
            UNKNOWN.clone_into(&mut file.mime);
        }
        let (retrieval, size) = match self {
            Self::Copied(copy, size) => (Retrieval::Copied(copy), Some(size)),
            Self::Unreadable(size) | Self::Foreign(size) => (Retrieval::Unreadable, Some(size)),
            Self::Faulty(size, fault) => (Retrieval::Faulty(fault), Some(size)),
            Self::Previewed(preview, size) => (Retrieval::Previewed(preview), Some(size)),
            Self::FaultyDocument(size, fault) => (Retrieval::FaultyDocument(fault), Some(size)),
            Self::Withheld => (Retrieval::Untried, None),
            Self::Refused(refusal) => (Retrieval::Refused(refusal), None),
            Self::Failed => (Retrieval::Failed, None),
            Self::Heard(spoken) => (Retrieval::Heard(spoken), None),
            Self::Off => (Retrieval::Off, None),
        };
        file.size = size.or(file.size);
        retrieval
    }
}

/// A file being fetched. Dropping it cancels the fetch.
pub(crate) struct FetchFuture {
    message: MessageId,
    replied: bool,
    outcome: BoxFuture<'static, FetchOutcome>,
}

impl FetchFuture {
    /// Describes the fetch of the file of a message, or of that of the message that it replies to
    /// (`replied`).
    pub(crate) fn new(
        message: MessageId,
        replied: bool,
        outcome: impl Future<Output = FetchOutcome> + Send + 'static,
    ) -> Self {
        Self { message, replied, outcome: outcome.boxed() }
    }

    /// Returns whether it fetches the own file of a message.
    pub(crate) fn is_own_of(&self, message: MessageId) -> bool {
        self.message == message && !self.replied
    }
}

impl Future for FetchFuture {
    type Output = FetchResult;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<FetchResult> {
        let (message, replied) = (self.message, self.replied);
        self.outcome.poll_unpin(context).map(|outcome| FetchResult { message, replied, outcome })
    }
}

/// Permits of concurrent fetches. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FetchPermits {
    all: Arc<Semaphore>,
    users: Slots,
}

/// A fetch permit, released when dropped: of the user, of the room for large files, and of all fetches.
pub(super) type FetchPermit = (Slot, Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>);

impl Default for FetchPermits {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(MAX_FETCHES)), users: Slots::new(MAX_FETCHES_PER_USER) }
    }
}

impl FetchPermits {
    /// Waits for a permit for a file of `size` bytes (`None`: unknown). The user's own is taken first, so
    /// that no shared permit is held while waiting for it, and a large file waits for room before it takes a
    /// permit from small ones.
    pub(super) async fn take(&self, user: UserId, api: &Api, size: Option<u64>) -> FetchPermit {
        let own = self.users.acquire(user).await;
        let room = api.room_for(size).await;
        // The semaphore is never closed, so this always returns a permit.
        (own, room, self.all.clone().acquire_owned().await.ok())
    }
}
