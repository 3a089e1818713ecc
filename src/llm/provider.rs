//! Providers of chat models.

use super::claude;
use super::error::LlmError;
use super::files::Upload;
use super::request::LlmRequest;
use super::response::LlmResponse;
use crate::domain::model::ModelProvider;

/// A provider of chat models. The compiler reports every place that a new provider must be added to.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Anthropic's Messages API.
    Claude(claude::Client),
}

impl Provider {
    /// The providers whose models can answer in chats; their keys are required.
    pub const OF_CHATS: &'static [ModelProvider] = &[ModelProvider::Anthropic];

    /// Requests an answer and returns when its headers have arrived.
    ///
    /// # Errors
    /// Returns the provider's error, classified.
    pub async fn ask(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        match self {
            Self::Claude(client) => client.ask(request).await,
        }
    }

    /// Returns the exact size of a request's prompt in tokens, without requesting an answer.
    ///
    /// # Errors
    /// Returns the provider's error, classified, as [`Provider::ask`] does.
    pub async fn count_tokens(&self, request: &LlmRequest) -> Result<u64, LlmError> {
        match self {
            Self::Claude(client) => client.count_tokens(request).await,
        }
    }

    /// Uploads a copy of a file, for messages that show it to the model, and returns the provider's id for
    /// it. Takes at most a minute, including all tries. The provider deletes the copy after 90 days.
    ///
    /// # Errors
    /// Returns [`LlmError::Unreadable`] if the content does not match its type and name, otherwise the
    /// provider's error of the last try, classified.
    pub async fn upload(&self, upload: Upload) -> Result<String, LlmError> {
        match self {
            Self::Claude(client) => client.upload(upload).await,
        }
    }

    /// Deletes the copy of a file. A missing copy is not an error.
    ///
    /// # Errors
    /// Returns the provider's error of the last try, classified.
    pub async fn forget(&self, id: &str) -> Result<(), LlmError> {
        match self {
            Self::Claude(client) => client.forget(id).await,
        }
    }

    /// Returns the names of the models that the provider serves for this key.
    ///
    /// # Errors
    /// Returns the provider's error, classified, as [`Provider::ask`] does.
    pub async fn served_models(&self) -> Result<Vec<String>, LlmError> {
        match self {
            Self::Claude(client) => client.served_models().await,
        }
    }
}
