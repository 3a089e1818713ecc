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
    /// Creates a back-off that begins with `first` and grows to `longest`, before jitter.
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
mod tests;
