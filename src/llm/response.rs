//! An answer that has begun.

use futures::stream::BoxStream;

use super::error::LlmError;
use super::event::LlmEvent;

/// An answer that has begun.
pub struct LlmResponse {
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The events of the answer. A stream that ends without [`LlmEvent::Stop`] is broken.
    pub events: BoxStream<'static, Result<LlmEvent, LlmError>>,
}
