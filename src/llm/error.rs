//! Errors of model requests, classified by what the caller does next.

use std::time::Duration;

use super::files::Unreadable;
use crate::domain::backoff::Backoff;
use crate::domain::turn::TurnFailure;

/// Tries of one request, the first included.
pub(crate) const TRIES: u32 = 4;
/// The pause after the first failure. It doubles with each further one.
const SOON: Duration = Duration::from_millis(500);
/// The first pause for an overloaded provider.
const LATER: Duration = Duration::from_millis(1_500);
/// The longest wait that is accepted from a provider, and the longest pause. If a provider asks for more, the
/// turn fails.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Why a request got no complete answer.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The provider is overloaded.
    #[error("the provider is overloaded: {0}")]
    Overloaded(String),
    /// The provider limits our rate.
    #[error("the provider limits the rate: {message}")]
    RateLimited {
        /// Its words.
        message: String,
        /// How long to wait. `None` if waiting does not help, as at a spend limit.
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
    /// The connection failed or broke.
    #[error("the connection to the provider failed")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stream ended before the answer did.
    #[error("the answer broke off")]
    BrokenOff,
    /// The provider was silent for this long.
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
    /// The turn was stopped.
    #[error("the request was cut")]
    Cancelled,
}

/// Whether and when to try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// Retry after the usual pause.
    Soon,
    /// Retry after a longer pause, because the provider is overloaded.
    Later,
    /// Retry after the time that the provider asked for.
    After(Duration),
    /// Do not retry.
    Never,
}

/// The pauses between the tries of one request. They grow with every failure, whatever its kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPauses {
    soon: Backoff,
    later: Backoff,
}

impl RetryPauses {
    /// Creates the pauses of a request that has not failed yet.
    pub(crate) fn new() -> Self {
        let backoff = |first| Backoff::new(first, LONGEST_WAIT).with_jitter();
        Self { soon: backoff(SOON), later: backoff(LATER) }
    }

    /// Returns how long to wait after a failure, or `None` if another try is pointless.
    pub(crate) fn after(&mut self, retry: Retry) -> Option<Duration> {
        let (soon, later) = (self.soon.next(), self.later.next());
        match retry {
            Retry::Soon => Some(soon),
            Retry::Later => Some(later),
            Retry::After(wait) => (wait <= LONGEST_WAIT).then(|| wait.max(SOON)),
            Retry::Never => None,
        }
    }
}

impl LlmError {
    /// Returns whether and when the same request may work.
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

    /// Returns the failure that is reported to the person.
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

    /// Returns the name for rows and labels.
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
mod tests;
