//! Redis, cache-aside: everything here can be rebuilt from PostgreSQL, and no entry is trusted before
//! PostgreSQL has confirmed its version. A Redis that is away, slow, full or empty costs speed, never an
//! answer.
//!
//! Each cache has one typed file. An entry carries the version of the rows from which it was built. An older
//! entry never replaces a newer one, and an invalidation leaves its version behind, so that a late writer is
//! refused. Two files are no caches: `write_behind` is a stream that is never evicted, `wake` stores nothing.

mod breaker;
mod client;
pub mod context;
mod entry;
pub mod file_bytes;
pub(crate) mod health;
mod keys;
mod link;
pub(crate) mod made_files;
pub mod messages;
pub(crate) mod personal;
mod server;
pub mod thread;
pub mod user;
pub mod wake;
pub mod write_behind;

pub use client::{Cache, CacheError};
pub use entry::Versioned;
pub use keys::Origin;
