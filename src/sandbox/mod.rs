//! Sandboxes in which the code of models runs: the client of E2B's API, by REST.
//!
//! The control plane creates, finds, extends and kills sandboxes. Code and files go to the sandbox itself,
//! through a shared host that finds it by headers. HTTP/1.1 only: closing the connection of an execution
//! interrupts the code.

mod answer;
mod client;
mod connection;
mod error;
mod execution;
mod files;
mod retrying;
mod wire;

pub(crate) use client::{Client, HOME, IDLE_LIMIT};
pub(crate) use connection::Connection;
pub(crate) use error::SandboxError;
pub(crate) use execution::{ExecutionEvent, Shown, ShownFile};
pub(crate) use wire::Entry;
