//! What can go wrong with a model, sorted once by what the caller does next.

use std::time::Duration;

use crate::domain::turn::Failure;

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
            | Self::Cancelled => Retry::Never,
        }
    }

    /// What the person is told.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Overloaded(_) | Self::RateLimited { retry_after: Some(_), .. } => Failure::Overloaded,
            Self::Provider { .. } | Self::Connection(_) | Self::BrokenOff | Self::Silent(_) => {
                Failure::Unreachable
            }
            Self::RateLimited { retry_after: None, .. } | Self::Rejected { .. } => Failure::Rejected,
            Self::TooLong(_) => Failure::TooLong,
            Self::Cancelled => Failure::Internal,
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
            Self::Cancelled => "cancelled",
        }
    }
}
