//! Why a document cannot be read.

/// Why a document cannot be read. Each variant requires something else from the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DocumentError {
    /// The file has no bytes, or nothing but white space.
    #[error("the document is empty")]
    Empty,
    /// The file needs a password. The person should send it without one.
    #[error("the document is encrypted")]
    Encrypted,
    /// The file is truncated or damaged. The person should send it again or in another format.
    #[error("the document is broken")]
    Broken,
    /// The file unpacks to more than the limits of this module. The person should send a smaller one.
    #[error("the document is too large when unpacked")]
    TooLarge,
    /// The format of the content is not supported. The name is an English term such as "7-Zip archive".
    #[error("the format is not supported: {0}")]
    Unsupported(&'static str),
    /// The selection names a part that the document does not have.
    #[error("the document has only {parts} parts")]
    NoSuchPart {
        /// The number of parts, which are counted from 1.
        parts: usize,
    },
}

/// Why a reader stops before the end of a document.
#[derive(Debug)]
pub(super) enum Stop {
    /// The limit of work is reached; the content read so far is used.
    Enough,
    /// The document cannot be read.
    Failed(DocumentError),
}

impl From<DocumentError> for Stop {
    fn from(error: DocumentError) -> Self {
        Self::Failed(error)
    }
}

/// The result of a reading step.
pub(super) type Flow<T = ()> = Result<T, Stop>;
