//! What waits to be sent or to be taken: a set that one caller empties. It is bounded, because a bucket or a chat is
//! in it once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::ids::ChatId;

/// The most penalties that wait.
pub(super) const PENALTIES: usize = 64;

/// What waits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// Buckets in which updates wait.
    pub(super) buckets: BTreeSet<u16>,
    /// The penalties of chats.
    pub(super) penalties: BTreeMap<ChatId, Duration>,
    /// Whether buckets have been given back.
    pub(super) are_free: bool,
}

impl Content {
    fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.penalties.is_empty() && !self.are_free
    }
}

#[derive(Debug, Default)]
pub(super) struct Heap {
    content: Mutex<Content>,
    filled: Notify,
}

impl Heap {
    /// Adds buckets.
    pub(super) fn put_buckets(&self, more: impl IntoIterator<Item = u16>) {
        self.change(|content| content.buckets.extend(more));
    }

    /// Adds penalties. More than [`PENALTIES`] are left out.
    pub(super) fn put_penalties(&self, more: impl IntoIterator<Item = (ChatId, Duration)>) {
        self.change(|Content { penalties, .. }| {
            for (chat, wait) in more {
                if penalties.len() < PENALTIES || penalties.contains_key(&chat) {
                    let longest = penalties.entry(chat).or_default();
                    *longest = wait.max(*longest);
                }
            }
        });
    }

    /// Adds that buckets have been given back.
    pub(super) fn put_free(&self) {
        self.change(|content| content.are_free = true);
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        let mut content = self.content.lock();
        change(&mut content);
        if !content.is_empty() {
            self.filled.notify_one();
        }
    }

    /// Waits until there is something, and takes all of it.
    pub(super) async fn take(&self) -> Content {
        loop {
            self.filled.notified().await;
            let content = std::mem::take(&mut *self.content.lock());
            if !content.is_empty() {
                return content;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn everything_is_taken_once() {
        let heap = Heap::default();
        heap.put_buckets([]);
        heap.put_penalties([]);
        assert!(heap.take().now_or_never().is_none(), "there is nothing");
        heap.put_buckets([7, 9]);
        heap.put_buckets([7]);
        let seconds = |count| (ChatId(-1), Duration::from_secs(count));
        heap.put_penalties([seconds(1)]);
        heap.put_penalties([seconds(3), seconds(2)]);
        let (buckets, penalties) = (BTreeSet::from([7, 9]), BTreeMap::from([seconds(3)]));
        assert_eq!(heap.take().now_or_never(), Some(Content { buckets, penalties, are_free: false }));
        heap.put_free();
        heap.put_free();
        assert_eq!(heap.take().now_or_never(), Some(Content { are_free: true, ..Content::default() }));
        assert!(heap.take().now_or_never().is_none());
    }

    #[test]
    fn penalties_are_bounded() {
        let heap = Heap::default();
        for chat in 0..1_000 {
            heap.put_penalties([(ChatId(chat), Duration::from_secs(1))]);
        }
        assert_eq!(heap.take().now_or_never().unwrap().penalties.len(), PENALTIES);
    }
}
