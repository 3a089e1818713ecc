//! Chat models: one neutral request, event and error for every provider; speech to text; pictures. Knows
//! nothing of users or Telegram. Encoding and decoding are pure; only `claude::Client` moves bytes.

pub(crate) mod claude;
mod content;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod files;
pub(crate) mod gemini;
pub(crate) mod message;
mod patience;
mod provider;
pub mod registry;
pub(crate) mod request;
mod response;
pub(crate) mod speech;
pub(crate) mod tokens;

pub use error::LlmError;
pub use event::{LlmEvent, StopReason};
pub use files::{Readable, Unreadable, Upload, readable};
pub use provider::Provider;
pub use request::LlmRequest;
pub use response::LlmResponse;
