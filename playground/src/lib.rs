//! Emulated outside world for development and tests.

pub mod anthropic;
mod formats;
pub mod ports;
pub mod samples;
pub mod telegram;
