//! Emulators of Telegram, of the model API and of the transcription API, for development and tests.

pub mod anthropic;
mod audio;
mod formats;
pub mod openai;
pub mod ports;
mod recorder;
pub mod samples;
pub mod telegram;
