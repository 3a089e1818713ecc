//! Exponential back-off for loops that try something again.

use std::time::Duration;

/// The pauses of one loop: each is twice as long as the one before, up to a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    following: Duration,
    jitter: bool,
}

impl Backoff {
    /// Creates a back-off that begins with `first` and never exceeds `longest`.
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, following: first.min(longest), jitter: false }
    }

    /// Spreads each pause by an eighth in both directions, so that many loops that failed together do not
    /// come back together.
    pub(crate) fn with_jitter(self) -> Self {
        Self { jitter: true, ..self }
    }

    /// Returns the pause before the next try, and doubles the one after it.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.following;
        self.following = pause.saturating_mul(2).min(self.longest);
        if self.jitter { pause.mul_f64(rand::random_range(0.875..1.125)) } else { pause }
    }

    /// Starts again with the first pause, after a success.
    pub(crate) fn reset(&mut self) {
        self.following = self.first.min(self.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(first: u64, longest: u64) -> Backoff {
        Backoff::new(Duration::from_secs(first), Duration::from_secs(longest))
    }

    #[test]
    fn pauses_double_up_to_the_limit_and_start_again_after_a_success() {
        let mut pauses = backoff(1, 5);
        let mut next = || pauses.next().as_secs();
        assert_eq!([next(), next(), next(), next(), next()], [1, 2, 4, 5, 5]);
        pauses.reset();
        assert_eq!(pauses.next(), Duration::from_secs(1));
    }

    #[test]
    fn the_limit_holds_for_the_first_pause_and_for_the_largest() {
        let mut short = backoff(9, 5);
        assert_eq!(short.next(), Duration::from_secs(5));
        short.reset();
        assert_eq!(short.next(), Duration::from_secs(5));
        let mut huge = Backoff::new(Duration::MAX / 2 + Duration::from_secs(1), Duration::MAX);
        huge.next();
        assert_eq!([huge.next(), huge.next()], [Duration::MAX; 2]);
        assert_eq!(Backoff::new(Duration::ZERO, Duration::MAX).next(), Duration::ZERO);
    }

    #[test]
    fn jitter_stays_within_an_eighth_and_does_not_add_up() {
        for _ in 0..100 {
            let mut pauses = backoff(8, 16).with_jitter();
            for expected in [8_000, 16_000, 16_000] {
                let pause = pauses.next().as_millis();
                assert!((expected * 7 / 8..=expected * 9 / 8).contains(&pause), "{pause} ms");
            }
        }
    }
}
