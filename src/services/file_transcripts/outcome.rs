//! The result of transcribing a file.

use std::time::Duration;

use crate::db::DbError;
use crate::db::known_transcripts::KnownTranscript;
use crate::domain::money::Usd;
use crate::llm::LlmError;
use crate::services::file_contents::ContentError;

/// How long one transcript may take, with waiting for another worker, loading and all requests.
pub(crate) const TRANSCRIPT_LIMIT: Duration = Duration::from_secs(240);

/// The transcript of a file.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct FileTranscript {
    /// The name of the file.
    pub(crate) name: String,
    /// What is said.
    pub(crate) known: KnownTranscript,
    /// What the user was charged now.
    pub(crate) cost: Usd,
    /// Whether it was stored already.
    pub(crate) stored: bool,
}

/// Why there is no transcript.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TranscriptError {
    /// The conversation has no such file.
    #[error("no file of the conversation has this id")]
    NotFound,
    /// It is neither audio nor video.
    #[error("nothing can be said in the file")]
    Silent,
    /// It is audio or video of a format that the service does not take.
    #[error("the service does not take files of this format")]
    Format,
    /// It is larger than this many bytes, which Telegram hands out or the service takes.
    #[error("the file has more than {0} bytes")]
    TooLarge(u64),
    /// The words were deleted with old messages.
    #[error("the words are kept no longer")]
    Expired,
    /// Too little is left to spend.
    #[error("too little is left to spend")]
    Short {
        /// What is left.
        left: Usd,
        /// What must be left.
        least: Usd,
    },
    /// The user is banned.
    #[error("the user is banned")]
    Refused,
    /// The books could not be asked.
    #[error("the books could not be asked")]
    NoBooks,
    /// The turn was stopped before the service was asked or between two requests, or this instance ends.
    #[error("the transcription was cancelled")]
    Cancelled,
    /// The turn was stopped while the service was asked: the request is cut and paid.
    #[error("the transcription was stopped")]
    Stopped,
    /// It took too long.
    #[error("it took longer than {} s", TRANSCRIPT_LIMIT.as_secs())]
    Slow,
    /// Telegram does not hand out the file.
    #[error("the file was not loaded")]
    Load(#[source] ContentError),
    /// The service has no transcript.
    #[error("the file was not transcribed")]
    Service(#[from] LlmError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl TranscriptError {
    /// Returns a word for rows.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Service(error) => error.name(),
            Self::Load(_) | Self::TooLarge(_) => "not_loaded",
            Self::Cancelled => "cancelled",
            Self::Stopped => "stopped",
            Self::Slow => "slow",
            Self::Database(_) => "database",
            _ => "withheld",
        }
    }
}

impl From<ContentError> for TranscriptError {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Gone => Self::NotFound,
            ContentError::TooLarge { limit } => Self::TooLarge(limit),
            ContentError::Database(error) => Self::Database(error),
            error @ (ContentError::Telegram(_) | ContentError::DailyLimit(_)) => Self::Load(error),
        }
    }
}
