//! The result of a screen: the parts left to send, and a draft that may still be in flight.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::domain::ids::MessageId;
use crate::domain::media::FileDelivery;
use crate::rendering::RichText;

/// The result of a screen.
#[derive(Debug, Default)]
pub(crate) struct ScreenResult<'a> {
    /// The number of parts already stored in the outbox.
    pub posted: usize,
    /// Whether files were owed while the answer grew.
    pub has_files: bool,
    /// The rest of the answer, in parts that each fit into a message.
    pub rest: Vec<RichText>,
    /// Files that the model has sent and that are not owed yet.
    pub files: Vec<FileDelivery>,
    /// A message that shows the beginning of `rest` and must be replaced by it.
    pub live: Option<MessageId>,
    /// The text of the draft, if it may still be visible.
    pub draft: Option<String>,
    /// The draft that may be in flight. No final message may be sent before it has arrived, or the two could
    /// change places.
    pub frame: LastDraft<'a>,
}

/// The last draft of an answer, until it has arrived.
#[derive(Default)]
pub(crate) struct LastDraft<'a>(Option<BoxFuture<'a, ()>>);

impl<'a> LastDraft<'a> {
    /// Wraps a draft in flight.
    pub(super) fn new(frame: impl Future<Output = ()> + Send + 'a) -> Self {
        Self(Some(Box::pin(frame)))
    }

    /// Waits until the draft has arrived or failed. A panic is only logged, because the answer is more
    /// important.
    pub(crate) async fn arrived(self) {
        let Some(frame) = self.0 else { return };
        if AssertUnwindSafe(frame).catch_unwind().await.is_err() {
            tracing::error!("the last draft of an answer panicked");
        }
    }
}

impl fmt::Debug for LastDraft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LastDraft").field(&self.0.is_some()).finish()
    }
}
