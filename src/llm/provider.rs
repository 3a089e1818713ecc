//! Providers of chat models.

use super::claude;
use super::error::LlmError;
use super::files::Upload;
use super::request::LlmRequest;
use super::response::LlmResponse;

/// A provider of chat models. Adding one makes the compiler list the places to touch.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Anthropic's Messages API.
    Claude(claude::Client),
}

impl Provider {
    /// Asks for an answer and returns when its headers are there.
    ///
    /// # Errors
    /// Everything that the provider says instead of an answer, classified.
    pub async fn ask(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        match self {
            Self::Claude(client) => client.ask(request).await,
        }
    }

    /// The exact size of a request's prompt in tokens, without asking for an answer.
    ///
    /// # Errors
    /// As for [`Provider::ask`].
    pub async fn count_tokens(&self, request: &LlmRequest) -> Result<u64, LlmError> {
        match self {
            Self::Claude(client) => client.count_tokens(request).await,
        }
    }

    /// Sends a copy of a file, for messages that show it to the model, and returns the provider's id for it.
    /// Takes a minute at most, with all tries. The copy is deleted by the provider after 90 days.
    ///
    /// # Errors
    /// [`LlmError::Unreadable`] when its content is not what its type and name say; else as for
    /// [`Provider::ask`], when trying again did not help or was of no use.
    pub async fn upload(&self, upload: Upload) -> Result<String, LlmError> {
        match self {
            Self::Claude(client) => client.upload(upload).await,
        }
    }

    /// Deletes the copy of a file; one that is not there any more is no error.
    ///
    /// # Errors
    /// As for [`Provider::upload`].
    pub async fn forget(&self, id: &str) -> Result<(), LlmError> {
        match self {
            Self::Claude(client) => client.forget(id).await,
        }
    }

    /// Whether the provider can be reached and takes the key.
    ///
    /// # Errors
    /// As for [`Provider::ask`].
    pub async fn check(&self) -> Result<(), LlmError> {
        match self {
            Self::Claude(client) => client.check().await,
        }
    }
}
