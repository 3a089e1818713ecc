//! Which buckets are to be looked at now for waiting updates. A hint that is lost costs at most the time until the
//! next regular look.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::bucket::Bucket;

/// The buckets to look at; each stands in it once.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    asked: Mutex<BTreeSet<Bucket>>,
    changed: Notify,
}

impl Looks {
    /// Asks for a look at a bucket.
    pub(crate) fn ask(&self, bucket: Bucket) {
        self.asked.lock().insert(bucket);
        self.changed.notify_one();
    }

    /// Waits for buckets to look at. Cancel-safe.
    pub(crate) async fn next(&self) -> Vec<Bucket> {
        loop {
            let asked = std::mem::take(&mut *self.asked.lock());
            if !asked.is_empty() {
                return asked.into_iter().collect();
            }
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::domain::ids::ChatId;

    #[test]
    fn a_bucket_that_was_asked_for_twice_is_looked_at_once() {
        let looks = Looks::default();
        assert!(looks.next().now_or_never().is_none());
        for chat in [5, 3, 5] {
            looks.ask(Bucket::of(ChatId(chat)));
        }
        let both = [3, 5].map(|chat| Bucket::of(ChatId(chat)));
        assert_eq!(looks.next().now_or_never(), Some(both.to_vec()));
        assert!(looks.next().now_or_never().is_none());
    }
}
