//! What waits to be sent or to be taken: a set that one caller empties. It is bounded, because a bucket or a chat is
//! in it once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::ids::ChatId;

/// The most penalties that wait.
pub(super) const PENALTIES: usize = 64;

/// Buckets, and the penalties of chats.
type Content = (BTreeSet<u16>, BTreeMap<ChatId, Duration>);

#[derive(Debug, Default)]
pub(super) struct Heap {
    content: Mutex<Content>,
    filled: Notify,
}

impl Heap {
    /// Adds to what waits. Of penalties, more than [`PENALTIES`] are left out.
    pub(super) fn put(
        &self,
        more: impl IntoIterator<Item = u16>,
        penalties: impl IntoIterator<Item = (ChatId, Duration)>,
    ) {
        let mut content = self.content.lock();
        let (buckets, known) = &mut *content;
        buckets.extend(more);
        for (chat, wait) in penalties {
            if known.len() < PENALTIES || known.contains_key(&chat) {
                let longest = known.entry(chat).or_default();
                *longest = wait.max(*longest);
            }
        }
        if !(buckets.is_empty() && known.is_empty()) {
            self.filled.notify_one();
        }
    }

    /// Waits until there is something, and takes all of it.
    pub(super) async fn take(&self) -> Content {
        loop {
            self.filled.notified().await;
            let content = std::mem::take(&mut *self.content.lock());
            if !(content.0.is_empty() && content.1.is_empty()) {
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
        heap.put([], []);
        assert!(heap.take().now_or_never().is_none(), "there is nothing");
        heap.put([7, 9], []);
        heap.put([7], [(ChatId(-1), Duration::from_secs(1))]);
        heap.put([], [(ChatId(-1), Duration::from_secs(3)), (ChatId(-1), Duration::from_secs(2))]);
        let (buckets, penalties) = heap.take().now_or_never().unwrap();
        assert_eq!(buckets.into_iter().collect::<Vec<_>>(), [7, 9]);
        assert_eq!(penalties.into_iter().collect::<Vec<_>>(), [(ChatId(-1), Duration::from_secs(3))]);
        assert!(heap.take().now_or_never().is_none());
    }

    #[test]
    fn penalties_are_bounded() {
        let heap = Heap::default();
        for chat in 0..1_000 {
            heap.put([], [(ChatId(chat), Duration::from_secs(1))]);
        }
        assert_eq!(heap.take().now_or_never().unwrap().1.len(), PENALTIES);
    }
}
