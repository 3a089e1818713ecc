//! How long people wait for the first sign of an answer, and how such times are summed up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// The wait of one person for one answer, which has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// When the question was sent.
    pub asked: Instant,
    /// When the chat first showed something of the answer.
    pub first: Instant,
}

/// All questions and waits so far. Clones are the same lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    /// When a chat was asked something, in order.
    asked: HashMap<i64, Vec<Instant>>,
    waits: Vec<Wait>,
}

impl Waits {
    /// Notes that a question was sent now. Returns that time.
    pub(super) fn ask(&self, chat: i64) -> Instant {
        let asked = Instant::now();
        self.0.lock().asked.entry(chat).or_default().push(asked);
        asked
    }

    pub(super) fn note(&self, wait: Wait) {
        self.0.lock().waits.push(wait);
    }

    /// Returns when the last question of a chat before some time was sent.
    pub(super) fn asked_before(&self, chat: i64, time: Instant) -> Option<Instant> {
        let noted = self.0.lock();
        noted.asked.get(&chat)?.iter().rev().find(|&&asked| asked <= time).copied()
    }

    /// Returns how long people waited who asked in this time.
    pub(super) fn between(&self, from: Instant, to: Instant) -> Times {
        let noted = self.0.lock();
        let meant = noted.waits.iter().filter(|wait| (from..to).contains(&wait.asked));
        Times::of(meant.map(|wait| wait.first.saturating_duration_since(wait.asked)).collect())
    }
}

/// Times, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the time that this percentage does not exceed; zero if there are no times.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// Returns the longest time.
    pub(super) fn longest(&self) -> Duration {
        self.percentile(100)
    }

    /// Returns a line with the number of times, the median, the 99th percentile and the longest.
    pub(super) fn line(&self, what: &str) -> String {
        let ms = |time: Duration| time.as_millis();
        let (median, high) = (self.percentile(50), self.percentile(99));
        format!(
            "{what}: {} times, p50 {} ms, p99 {} ms, max {} ms",
            self.len(),
            ms(median),
            ms(high),
            ms(self.longest())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = Times::of((1..=200).rev().map(Duration::from_millis).collect());
        let ms = [1, 50, 99, 100].map(|percent| times.percentile(percent).as_millis());
        assert_eq!(ms, [2, 100, 198, 200]);
        assert_eq!(times.line("waits"), "waits: 200 times, p50 100 ms, p99 198 ms, max 200 ms");
        assert_eq!(Times::of(vec![Duration::from_secs(3)]).percentile(99), Duration::from_secs(3));
        assert_eq!(Times::default().percentile(99), Duration::ZERO);
    }

    #[test]
    fn the_question_before_a_time_is_known() {
        let waits = Waits::default();
        let before = Instant::now();
        let (first, second) = (waits.ask(5), waits.ask(5));
        assert_eq!(waits.asked_before(5, second), Some(second));
        assert_eq!(
            waits.asked_before(5, first).filter(|&asked| asked < second),
            (first < second).then_some(first)
        );
        assert_eq!((waits.asked_before(6, second), waits.asked_before(5, before)), (None, None));
    }

    #[test]
    fn a_wait_belongs_to_the_time_in_which_it_began() {
        let (waits, begin) = (Waits::default(), Instant::now());
        let after = |ms| begin + Duration::from_millis(ms);
        for asked in [0, 100, 200] {
            waits.note(Wait { asked: after(asked), first: after(asked + 50) });
        }
        assert_eq!(waits.between(after(100), after(200)).len(), 1);
        assert_eq!(waits.between(begin, after(201)).longest(), Duration::from_millis(50));
    }
}
