//! Redis, cache-aside: everything in here can be rebuilt from PostgreSQL, and nothing in here is believed without a
//! version that PostgreSQL confirms. A Redis that is away, slow, full or empty costs speed, never an answer.
//!
//! One typed file a cache. An entry carries the version of the rows that it was made from; an older one never replaces
//! a newer one, and an invalidation leaves its version behind, so that a writer who comes late is refused.
//! `write_behind` is the one thing here that is no cache: a stream that nothing evicts.

mod breaker;
mod client;
pub mod context;
mod entry;
pub mod file_bytes;
pub mod health;
mod keys;
pub mod messages;
pub mod thread;
pub mod user;
pub mod write_behind;

pub use client::{Cache, CacheError};
pub use entry::Versioned;
pub use keys::Origin;
