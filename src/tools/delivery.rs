//! What `deliver_file` uses to send files: the conversation implements it, because only a turn has a chat.

use std::fmt;

use futures::future::BoxFuture;

use crate::domain::media::{FileFate, MediaFile};

/// Files that the model sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FilesToSend {
    /// The files in order, at least one.
    pub files: Vec<MediaFile>,
    /// The text below the first file, as Markdown; may be empty.
    pub caption: String,
}

/// Sends files to the chat of a turn.
pub(crate) trait DeliverFiles: fmt::Debug + Sync {
    /// Sends files after the answer.
    fn after_answer(&self, files: FilesToSend);

    /// Finishes the text so far, sends files, and waits a bounded time. Returns what has become of each, in
    /// order.
    fn now(&self, files: FilesToSend) -> BoxFuture<'_, Vec<FileFate>>;
}

/// Sends nothing, for tests of other tools.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoDelivery;

#[cfg(test)]
impl DeliverFiles for NoDelivery {
    fn after_answer(&self, files: FilesToSend) {
        tracing::error!(files = files.files.len(), "files were sent where there is no chat");
    }

    fn now(&self, files: FilesToSend) -> BoxFuture<'_, Vec<FileFate>> {
        let refused = FileFate::Refused("there is no chat".to_owned());
        Box::pin(std::future::ready(vec![refused; files.files.len()]))
    }
}
