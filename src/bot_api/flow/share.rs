//! The part of the overall budget that one of several instances may use, and the chats that it has taken over.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::bucket::{BUCKETS, Bucket};
use crate::domain::ids::ChatId;

/// The period of the overall budget.
const PERIOD: Duration = Duration::from_secs(1);

/// The overall budget of one instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct OverallLimit {
    /// Sends and edits of the whole bot in a period.
    whole: usize,
    /// Those of this instance.
    own: usize,
    /// A higher number, and from when on it counts.
    next: Option<(usize, Instant)>,
}

impl OverallLimit {
    pub(super) fn new(whole: usize) -> Self {
        Self { whole, own: whole, next: None }
    }

    /// Sets the part of this instance, in buckets of [`BUCKETS`]. Less counts at once, more only a period after it was
    /// first set. An instance may send once a period in any case.
    pub(super) fn set_share(&mut self, buckets: usize, now: Instant) {
        let own = part(self.whole, buckets).max(1);
        self.own = self.at(now).0.min(own);
        self.next = match self.next {
            _ if own <= self.own => None,
            // This is called at each look at the leases, more often than a rise takes.
            Some((rise, from)) if own <= rise => Some((own, from)),
            _ => Some((own, now + PERIOD)),
        };
    }

    /// Returns the limit that counts now.
    pub(super) fn at(&mut self, now: Instant) -> (usize, Duration) {
        if let Some((own, _)) = self.next.take_if(|(_, from)| *from <= now) {
            self.own = own;
        }
        (self.own, PERIOD)
    }
}

/// Returns the part of a whole for some of all buckets. It is rounded down, unless hardly anything is missing.
fn part(whole: usize, buckets: usize) -> usize {
    (whole * buckets.min(BUCKETS) + BUCKETS / 10) / BUCKETS
}

/// Buckets of chats that were taken over, and when.
#[derive(Debug, Default)]
pub(super) struct Takeovers(HashMap<Bucket, Instant>);

impl Takeovers {
    pub(super) fn record(&mut self, buckets: impl IntoIterator<Item = Bucket>, now: Instant) {
        self.0.extend(buckets.into_iter().map(|bucket| (bucket, now)));
    }

    /// Returns whether a chat is in one that was taken over within this period.
    pub(super) fn concern(&self, chat: ChatId, within: Duration, now: Instant) -> bool {
        if self.0.is_empty() {
            return false;
        }
        self.0.get(&Bucket::of(chat)).is_some_and(|&taken| now < taken + within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_together_are_never_more_than_the_whole() {
        for instances in [1, 2, 3, 4, 7, 10, 30] {
            let (share, more) = (BUCKETS / instances, BUCKETS % instances);
            let buckets = (0..instances).map(|at| share + usize::from(at < more));
            let sum: usize = buckets.map(|buckets| part(30, buckets)).sum();
            assert!((24..=30).contains(&sum), "{instances}: {sum}");
        }
        assert_eq!([0, 34, 341, 512, 1_024, 9_999].map(|buckets| part(30, buckets)), [0, 1, 10, 15, 30, 30]);
    }

    #[test]
    fn a_part_shrinks_at_once_and_grows_after_a_second() {
        let (mut limit, now) = (OverallLimit::new(30), Instant::now());
        assert_eq!(limit.at(now).0, 30);
        limit.set_share(512, now);
        assert_eq!(limit.at(now).0, 15);
        limit.set_share(1_024, now);
        assert_eq!(limit.at(now + Duration::from_millis(999)).0, 15);
        assert_eq!(limit.at(now + PERIOD).0, 30);
        limit.set_share(0, now + PERIOD);
        assert_eq!(limit.at(now + PERIOD).0, 1, "never silent");
        // The same share again, as at each look at the leases, postpones nothing; still more buckets do.
        limit.set_share(512, now + PERIOD);
        limit.set_share(512, now + PERIOD + PERIOD / 2);
        assert_eq!(limit.at(now + PERIOD * 2).0, 15);
        limit.set_share(600, now + PERIOD * 2);
        limit.set_share(1_024, now + PERIOD * 5 / 2);
        assert_eq!(limit.at(now + PERIOD * 3).0, 15);
        assert_eq!(limit.at(now + PERIOD * 7 / 2).0, 30);
        // A rise that a later fall has overtaken does not come.
        limit.set_share(0, now + PERIOD * 4);
        limit.set_share(1_024, now + PERIOD * 4);
        limit.set_share(103, now + PERIOD * 4 + PERIOD / 2);
        assert_eq!(limit.at(now + PERIOD * 9).0, 3);
    }

    #[test]
    fn a_takeover_concerns_the_chats_of_its_buckets_for_a_while() {
        let (mut takeovers, now) = (Takeovers::default(), Instant::now());
        takeovers.record([42, 1_023].map(|chat| Bucket::of(ChatId(chat))), now);
        let concerned = |chat, now| takeovers.concern(ChatId(chat), PERIOD, now);
        assert!(concerned(42, now) && concerned(42 + 1_024, now) && concerned(-1, now));
        assert!(!concerned(43, now) && !concerned(-42, now) && !concerned(42, now + PERIOD));
    }
}
