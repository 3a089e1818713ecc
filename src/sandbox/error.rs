//! Errors of the sandbox service, classified by what the caller does next.

use std::time::Duration;

use reqwest::StatusCode;

/// Why the service has not done what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    /// The sandbox does not exist any more: its life is over, or somebody has killed it.
    #[error("the sandbox does not exist any more")]
    Gone,
    /// The sandbox has no such file.
    #[error("the sandbox has no such file")]
    NoFile,
    /// The file is larger than the caller takes, or the disk of the sandbox is full.
    #[error("the file is too large")]
    TooLarge,
    /// The service limits our rate or the number of our sandboxes.
    #[error("the sandbox service limits the rate")]
    Limited {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The service failed on its side.
    #[error("the sandbox service failed with {status}")]
    Service {
        /// HTTP status.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The request, the key or the account is not accepted.
    #[error("the sandbox service rejects the request with {status}")]
    Rejected {
        /// HTTP status.
        status: u16,
    },
    /// The connection failed or broke.
    #[error("the connection to the sandbox service failed")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service was silent for this long.
    #[error("the sandbox service was silent for {} s", .0.as_secs())]
    Silent(Duration),
    /// An execution ended without the word that it is complete.
    #[error("the execution broke off")]
    BrokenOff,
    /// The answer has another form than expected.
    #[error("the answer of the sandbox service cannot be read: {0}")]
    Unreadable(&'static str),
}

/// Whether and when to try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Retry {
    /// After the usual pause.
    Soon,
    /// After the time that the service asked for.
    After(Duration),
    /// Do not retry.
    Never,
}

impl SandboxError {
    /// Returns the error for the status of an answer from the control plane.
    pub(super) fn of_control(status: StatusCode, retry_after: Option<Duration>) -> Self {
        match status.as_u16() {
            404 => Self::Gone,
            429 => Self::Limited { retry_after },
            status @ (408 | 409 | 500..) => Self::Service { status, retry_after },
            status => Self::Rejected { status },
        }
    }

    /// Returns the error for the status of an answer from a sandbox. A 502 comes from the proxy before it and
    /// means that the sandbox is not there.
    pub(super) fn of_sandbox(status: StatusCode, retry_after: Option<Duration>) -> Self {
        match status.as_u16() {
            502 => Self::Gone,
            404 => Self::NoFile,
            413 | 507 => Self::TooLarge,
            429 => Self::Limited { retry_after },
            status @ (408 | 409 | 500..) => Self::Service { status, retry_after },
            status => Self::Rejected { status },
        }
    }

    pub(super) fn connection(error: reqwest::Error) -> Self {
        // The address is no secret, but it is noise.
        Self::Connection(Box::new(error.without_url()))
    }

    /// Returns whether and when the same request may work.
    pub(super) fn retry(&self) -> Retry {
        match self {
            Self::Limited { retry_after } | Self::Service { retry_after, .. } => {
                retry_after.map_or(Retry::Soon, Retry::After)
            }
            Self::Connection(_) | Self::Silent(_) => Retry::Soon,
            Self::Gone
            | Self::NoFile
            | Self::TooLarge
            | Self::Rejected { .. }
            | Self::BrokenOff
            | Self::Unreadable(_) => Retry::Never,
        }
    }

    /// Returns whether the service as a whole is unavailable, so that asking again soon is pointless.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Limited { .. }
            | Self::Service { .. }
            | Self::Rejected { .. }
            | Self::Connection(_)
            | Self::Silent(_)
            | Self::Unreadable(_) => true,
            Self::Gone | Self::NoFile | Self::TooLarge | Self::BrokenOff => false,
        }
    }
}
