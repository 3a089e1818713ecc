//! Emulators of Telegram and of the APIs for chat, transcription and pictures, for development and tests.

pub mod anthropic;
mod audio;
pub mod dealer;
pub mod e2b;
mod formats;
pub mod gemini;
pub mod openai;
pub mod ports;
mod recorder;
mod replies;
pub mod samples;
mod serving;
pub mod telegram;
