//! What can go wrong with a model, sorted once by what the caller does next.

use std::time::Duration;

use super::files::Unreadable;
use crate::domain::turn::TurnFailure;

/// Tries of one request, the first included.
pub(crate) const TRIES: u32 = 4;
/// The pause after the first failure; it doubles with each one.
const SOON: Duration = Duration::from_millis(500);
/// The same for a provider that struggles.
const LATER: Duration = Duration::from_millis(1_500);
/// Longer waits that a provider asks for are not waited: the person is told instead.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A request without a (whole) answer.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The provider has too much to do.
    #[error("the provider is overloaded: {0}")]
    Overloaded(String),
    /// The provider limits us.
    #[error("the provider limits the rate: {message}")]
    RateLimited {
        /// Its words.
        message: String,
        /// How long it asks to wait; none means that waiting does not help (a spend limit).
        retry_after: Option<Duration>,
    },
    /// The provider failed on its side.
    #[error("the provider failed with {status}: {message}")]
    Provider {
        /// HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// No connection, or it broke.
    #[error("the connection to the provider failed")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stream ended before the answer did.
    #[error("the answer broke off")]
    BrokenOff,
    /// Nothing came for this long.
    #[error("the provider was silent for {} s", .0.as_secs())]
    Silent(Duration),
    /// The prompt does not fit the model.
    #[error("the prompt is too long: {0}")]
    TooLong(String),
    /// The request, the key or the account is not accepted.
    #[error("the provider rejects the request with {status} {kind}: {message}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// The provider's kind of error.
        kind: String,
        /// Its words.
        message: String,
    },
    /// A file of the request is no longer there, or cannot be read: the request may work without it.
    #[error("the provider cannot use the file {id}")]
    FileGone {
        /// The provider's id for it.
        id: String,
    },
    /// Files of the request seem to be too many, too large or unreadable: it may work without these.
    #[error("the provider cannot use some of {} files", .ids.len())]
    FilesRefused {
        /// The provider's ids for them.
        ids: Vec<String>,
    },
    /// A file that is not sent, because the model could not read it.
    #[error("the file cannot be read: {0:?}")]
    Unreadable(Unreadable),
    /// Cut by us.
    #[error("the request was cut")]
    Cancelled,
}

/// Whether and when to try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// After the usual pause.
    Soon,
    /// After a longer pause: the provider struggles.
    Later,
    /// After the time that the provider named.
    After(Duration),
    /// Not at all.
    Never,
}

impl Retry {
    /// How long to wait after the `number`th failure (from 1); none to give up.
    pub fn pause(self, number: u32) -> Option<Duration> {
        let backoff = |first: Duration| first * 2_u32.saturating_pow(number.saturating_sub(1));
        // A quarter of chance keeps many requests that failed together from coming back together.
        let spread = |pause: Duration| pause.mul_f64(rand::random_range(0.875..1.125));
        match self {
            Self::Soon => Some(spread(backoff(SOON))),
            Self::Later => Some(spread(backoff(LATER))),
            Self::After(wait) => (wait <= LONGEST_WAIT).then(|| wait.max(SOON)),
            Self::Never => None,
        }
    }
}

impl LlmError {
    /// Whether and when the same request may work.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Overloaded(_) => Retry::Later,
            Self::RateLimited { retry_after: Some(wait), .. } => Retry::After(*wait),
            Self::Provider { .. } | Self::Connection(_) | Self::BrokenOff | Self::Silent(_) => Retry::Soon,
            Self::RateLimited { retry_after: None, .. }
            | Self::TooLong(_)
            | Self::Rejected { .. }
            | Self::FileGone { .. }
            | Self::FilesRefused { .. }
            | Self::Unreadable(_)
            | Self::Cancelled => Retry::Never,
        }
    }

    /// What the person is told.
    pub fn failure(&self) -> TurnFailure {
        match self {
            Self::Overloaded(_) | Self::RateLimited { retry_after: Some(_), .. } => TurnFailure::Overloaded,
            Self::Provider { .. } | Self::Connection(_) | Self::BrokenOff | Self::Silent(_) => {
                TurnFailure::Unreachable
            }
            Self::RateLimited { retry_after: None, .. }
            | Self::Rejected { .. }
            | Self::FileGone { .. }
            | Self::FilesRefused { .. }
            | Self::Unreadable(_) => TurnFailure::Rejected,
            Self::TooLong(_) => TurnFailure::TooLong,
            Self::Cancelled => TurnFailure::Internal,
        }
    }

    /// A word for rows and labels.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Overloaded(_) => "overloaded",
            Self::RateLimited { .. } => "rate_limited",
            Self::Provider { .. } => "provider_error",
            Self::Connection(_) => "connection",
            Self::BrokenOff => "broken_off",
            Self::Silent(_) => "silent",
            Self::TooLong(_) => "too_long",
            Self::Rejected { .. } => "rejected",
            Self::FileGone { .. } => "file_gone",
            Self::FilesRefused { .. } => "files_refused",
            Self::Unreadable(_) => "unreadable",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_obey_the_provider() {
        // Each is spread by an eighth to both sides.
        for (retry, number, expected_ms) in [
            (Retry::Soon, 1, 500),
            (Retry::Soon, 3, 2_000),
            (Retry::Later, 1, 1_500),
            (Retry::Later, 3, 6_000),
        ] {
            let waited = retry.pause(number).map(|pause| pause.as_millis());
            let spread = expected_ms * 7 / 8..=expected_ms * 9 / 8;
            assert!(waited.is_some_and(|waited| spread.contains(&waited)), "{retry:?} {number}: {waited:?}");
        }
        assert_eq!(Retry::After(Duration::from_secs(7)).pause(1), Some(Duration::from_secs(7)));
        assert_eq!(Retry::After(Duration::from_secs(61)).pause(1), None);
        assert_eq!(Retry::Never.pause(1), None);
    }
}
