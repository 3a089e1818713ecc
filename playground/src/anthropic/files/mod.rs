//! The Files API: `POST`, `GET` and `DELETE` below `/v1/files`, and uploaded files in messages.

mod faults;
mod form;
mod handle;
mod http;
mod sources;
mod store;
mod tell;

pub use faults::FileFault;
pub use handle::StoredFile;
pub(super) use http::routes;
pub use sources::SentFile;
pub(super) use sources::{Known, Source, content_of, sent, sources};
#[cfg(test)]
pub(super) use store::Incoming;
pub(super) use store::{Content, Limits, Store};
pub(super) use tell::tell;
