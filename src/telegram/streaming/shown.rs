//! What a screen leaves behind: what is owed to the chat, and what may still be on its way there.

use std::fmt;
use std::future::Future;

use futures::future::BoxFuture;

use crate::domain::ids::MessageId;
use crate::telegram::rendering::RichText;

/// What a screen leaves behind.
#[derive(Debug, Default)]
pub struct Shown<'a> {
    /// Parts that are owed to the chat already.
    pub posted: usize,
    /// What is not owed yet, in parts that each fit a message.
    pub rest: Vec<RichText>,
    /// A message that shows the beginning of `rest` and must be replaced by it.
    pub live: Option<MessageId>,
    /// What the draft shows, if it may still be seen.
    pub draft: Option<String>,
    /// What was begun last. Nothing final may be sent before it has arrived, or the two could change places.
    pub frame: LastFrame<'a>,
}

/// An unfinished state of the answer that may be on its way to the chat.
#[derive(Default)]
pub struct LastFrame<'a>(Option<BoxFuture<'a, ()>>);

impl<'a> LastFrame<'a> {
    /// One that was begun.
    pub(super) fn new(frame: impl Future<Output = ()> + Send + 'a) -> Self {
        Self(Some(Box::pin(frame)))
    }

    /// Waits until it has arrived, or will not.
    pub async fn arrived(self) {
        if let Some(frame) = self.0 {
            frame.await;
        }
    }
}

impl fmt::Debug for LastFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LastFrame").field(&self.0.is_some()).finish()
    }
}
