//! Emulators of Telegram and of the model API, for development and tests.

pub mod anthropic;
mod formats;
pub mod ports;
pub mod samples;
pub mod telegram;
