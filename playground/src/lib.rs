//! Emulators of Telegram, of the model API and of the transcription API, for development and tests.

pub mod anthropic;
mod audio;
pub mod e2b;
mod formats;
pub mod openai;
pub mod ports;
pub mod samples;
pub mod telegram;
