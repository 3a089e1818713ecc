//! Which buckets are to be looked at now for waiting updates. A hint that is lost costs at most the time until the
//! next regular look.

use std::collections::BTreeSet;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::domain::bucket::Bucket;

/// How long buckets are looked at regularly after the last other instance has ended: it may have stored updates until
/// then.
const AFTER_PEERS: Duration = Duration::from_secs(15);

/// The buckets to look at. While a look at a bucket is due, and while all are looked at regularly, its updates are
/// passed on by looks alone: one that is passed on directly might overtake an older one.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Each bucket stands in it once.
    asked: BTreeSet<Bucket>,
    /// Those that were asked for and are being looked at, or could not be.
    taken: BTreeSet<Bucket>,
    /// Until when all are looked at regularly.
    regular_until: Option<Instant>,
}

impl Looks {
    /// Asks for a look at a bucket.
    pub(crate) fn ask(&self, bucket: Bucket) {
        self.state.lock().asked.insert(bucket);
        self.changed.notify_one();
    }

    /// Records that other instances are alive.
    pub(crate) fn have_peers(&self, now: Instant) {
        self.state.lock().regular_until = Some(now + AFTER_PEERS);
    }

    /// Returns whether all buckets are to be looked at now.
    pub(crate) fn is_regular(&self, now: Instant) -> bool {
        let state = self.state.lock();
        state.regular_until.is_some_and(|until| now < until) || !state.taken.is_empty()
    }

    /// Returns whether only a look may pass on updates of a bucket now.
    pub(crate) fn concern(&self, bucket: Bucket, now: Instant) -> bool {
        let state = self.state.lock();
        state.regular_until.is_some_and(|until| now < until)
            || state.asked.contains(&bucket)
            || state.taken.contains(&bucket)
    }

    /// Waits for buckets to look at. Cancel-safe.
    pub(crate) async fn next(&self) -> Vec<Bucket> {
        loop {
            let asked = {
                let mut state = self.state.lock();
                let asked = std::mem::take(&mut state.asked);
                state.taken.extend(&asked);
                asked
            };
            if !asked.is_empty() {
                return asked.into_iter().collect();
            }
            self.changed.notified().await;
        }
    }

    /// Records that these buckets were looked at.
    pub(crate) fn done(&self, buckets: &[Bucket]) {
        let mut state = self.state.lock();
        for bucket in buckets {
            state.taken.remove(bucket);
        }
    }

    /// Forgets looks that are due at buckets which are not among these: they were given away.
    pub(crate) fn keep(&self, held: &[Bucket]) {
        self.state.lock().taken.retain(|bucket| held.contains(bucket));
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

    #[test]
    fn nothing_overtakes_a_look_that_is_due() {
        let (looks, now) = (Looks::default(), Instant::now());
        let [own, other] = [5, 6].map(|chat| Bucket::of(ChatId(chat)));
        assert!(!looks.concern(own, now) && !looks.is_regular(now));
        looks.ask(own);
        assert!(looks.concern(own, now) && !looks.concern(other, now));
        let taken = looks.next().now_or_never().unwrap();
        assert!(looks.concern(own, now), "it is being looked at");
        assert!(looks.is_regular(now), "if that fails, the next regular look does it");
        // What is asked for meanwhile is looked at again.
        looks.ask(own);
        looks.done(&taken);
        assert!(looks.concern(own, now));
        looks.done(&looks.next().now_or_never().unwrap());
        assert!(!looks.concern(own, now) && !looks.is_regular(now));
        // A look that failed at a bucket which was then given away is due no more.
        looks.ask(own);
        looks.next().now_or_never().unwrap();
        looks.keep(&[own, other]);
        assert!(looks.is_regular(now));
        looks.keep(&[other]);
        assert!(!looks.is_regular(now));
    }

    #[test]
    fn while_others_are_alive_and_a_while_after_that_only_looks_pass_on() {
        let (looks, now) = (Looks::default(), Instant::now());
        let bucket = Bucket::of(ChatId(5));
        looks.have_peers(now);
        let before = now + AFTER_PEERS - Duration::from_millis(1);
        assert!(looks.is_regular(before) && looks.concern(bucket, before));
        assert!(!looks.is_regular(now + AFTER_PEERS) && !looks.concern(bucket, now + AFTER_PEERS));
    }
}
