//! Emulated outside world for development and tests.

pub mod anthropic;
pub mod telegram;
