//! Results of file fetches, and limits on concurrent ones.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bot_api::Api;
use crate::domain::file::{
    Attachment, DocumentFault, Loaded, PUBLIC_LIMIT, PictureFault, ProviderCopy, Refusal, Retrieval,
};
use crate::domain::ids::{MessageId, UserId};
use crate::domain::speech::Spoken;
use crate::telegram::pipeline::slots::{Slot, Slots};

/// How long a fetch may take from the arrival of its message, including penalties, permits, retries and the
/// copy or transcript.
pub(super) const FETCH_LIMIT: Duration = Duration::from_secs(240);
/// The places for fetches, over all chats. A file is in memory once, so files up to
/// [`PUBLIC_LIMIT`] bytes take 50 MB together; larger ones have a room of their own ([`Api::room_for`]). Files
/// small enough for the cache are copied for it.
const PLACES: u32 = 10;
/// The bytes of one place; a larger file takes several.
const PLACE_BYTES: u64 = 5_000_000;
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
    /// The copy at the provider.
    Copied(ProviderCopy, Loaded),
    /// No model reads a file of this length; Telegram had not sent the length.
    Unreadable(Loaded),
    /// The content does not match the file's name and type.
    Foreign(Loaded),
    /// A picture that cannot be shown to a model.
    Faulty(Loaded, PictureFault),
    /// The preview of a document.
    Previewed(String, Loaded),
    /// A document that cannot be read.
    FaultyDocument(Loaded, DocumentFault),
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
        let (retrieval, loaded) = match self {
            Self::Copied(copy, loaded) => (Retrieval::Copied(copy), Some(loaded)),
            Self::Unreadable(loaded) | Self::Foreign(loaded) => (Retrieval::Unreadable, Some(loaded)),
            Self::Faulty(loaded, fault) => (Retrieval::Faulty(fault), Some(loaded)),
            Self::Previewed(preview, loaded) => (Retrieval::Previewed(preview), Some(loaded)),
            Self::FaultyDocument(loaded, fault) => (Retrieval::FaultyDocument(fault), Some(loaded)),
            Self::Withheld => (Retrieval::Untried, None),
            Self::Refused(refusal) => (Retrieval::Refused(refusal), None),
            Self::Failed => (Retrieval::Failed, None),
            Self::Heard(spoken) => (Retrieval::Heard(spoken), None),
            Self::Off => (Retrieval::Off, None),
        };
        if let Some(Loaded { size, digest }) = loaded {
            (file.size, file.digest) = (Some(size), digest);
        }
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
    places: Arc<Semaphore>,
    users: Slots,
}

/// The permits of one fetch, released when dropped: the user's own, room for a large file, and places among all
/// fetches.
pub(super) type FetchPermit = (Slot, Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>);

impl Default for FetchPermits {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES as usize)), users: Slots::new(MAX_FETCHES_PER_USER) }
    }
}

impl FetchPermits {
    /// Waits for a permit for a file of `size` bytes (`None`: unknown). The user's own is taken first, so
    /// that no shared permit is held while waiting for it, and a large file waits for room before it takes a
    /// permit from small ones.
    pub(super) async fn take(&self, user: UserId, api: &Api, size: Option<u64>) -> FetchPermit {
        let own = self.users.acquire(user).await;
        let room = api.room_for(size).await;
        let places = places(size.unwrap_or(PUBLIC_LIMIT));
        // The semaphore is never closed, so this always returns a permit.
        (own, room, self.places.clone().acquire_many_owned(places).await.ok())
    }
}

/// Returns how many places a file of `size` bytes takes. What a file has beyond [`PUBLIC_LIMIT`] is in the room
/// for large files.
fn places(size: u64) -> u32 {
    u32::try_from(size.min(PUBLIC_LIMIT).div_ceil(PLACE_BYTES))
        .map_or(PLACES, |places| places.clamp(1, PLACES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_as_many_places_as_it_fills() {
        for (bytes, expected) in [
            (0, 1),
            (1, 1),
            (PLACE_BYTES, 1),
            (PLACE_BYTES + 1, 2),
            (9_900_000, 2),
            (PUBLIC_LIMIT, 5),
            (2_000_000_000, 5),
        ] {
            assert_eq!(places(bytes), expected, "{bytes} bytes");
        }
    }
}
