//! Chat models: one neutral request, event and error for every provider. Knows nothing of users or Telegram.
//! Encoding and decoding are pure; only `claude::Client` moves bytes.

pub mod claude;
mod content;
pub mod error;
pub mod event;
pub mod files;
mod provider;
pub mod registry;
pub mod request;
mod response;
pub mod tokens;

pub use error::LlmError;
pub use event::{LlmEvent, StopReason};
pub use files::{Readable, Unreadable, Upload, readable};
pub use provider::Provider;
pub use request::LlmRequest;
pub use response::LlmResponse;
