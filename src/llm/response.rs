//! An answer that has begun.

use futures::stream::BoxStream;

use super::error::LlmError;
use super::event::LlmEvent;

/// An answer that has begun.
pub struct LlmResponse {
    /// The provider's name for the request.
    pub request_id: Option<String>,
    /// What comes, until the stream ends; an end without [`LlmEvent::Stop`] is a broken stream.
    pub events: BoxStream<'static, Result<LlmEvent, LlmError>>,
}
