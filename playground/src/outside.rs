//! The services that a bot uses: each either the emulator or, if a key is set, the real one.

use std::time::Duration;

use anyhow::Context as _;
use playground::anthropic::Anthropic;
use playground::e2b::{self, E2b};
use playground::gemini::{self, Gemini};
use playground::openai::{self, OpenAi};
use playground::telegram::Telegram;

use crate::service::Setting;

/// Telegram as the bot sees it.
pub(crate) enum ChatService {
    /// The emulator.
    Emulated(Telegram),
    /// The public Bot API, with this token.
    Real(String),
}

/// The model as the bot sees it.
pub(crate) enum ModelService {
    /// The emulator.
    Emulated(Anthropic),
    /// The public API, with this key.
    Real(String),
}

/// Transcription as the bot sees it.
pub(crate) enum SpeechService {
    /// The emulator.
    Emulated(OpenAi),
    /// The public API, with this key.
    Real(String),
}

impl SpeechService {
    /// Starts the emulator; it accepts the key that this bot uses.
    pub(crate) async fn emulated(delay: Duration) -> anyhow::Result<Self> {
        let settings = openai::Settings { delay, ..openai::Settings::default() };
        let started = OpenAi::start(settings).await;
        started.map(Self::Emulated).context("the emulated transcription does not start")
    }

    /// Returns the settings with the key and the address.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        match self {
            Self::Emulated(openai) => vec![
                ("OPENAI_API_KEY", Some(openai::Settings::default().api_key)),
                ("OPENAI_BASE_URL", Some(openai.url())),
            ],
            Self::Real(key) => vec![("OPENAI_API_KEY", Some(key.clone()))],
        }
    }
}

/// The image model as the bot sees it.
pub(crate) enum ImageService {
    /// The emulator.
    Emulated(Gemini),
    /// The public API, with this key.
    Real(String),
}

/// Python as the bot sees it.
pub(crate) enum PythonService {
    /// The emulator, which runs code on this machine.
    Emulated(E2b),
    /// The public API, with this key.
    Real(String),
}

impl ImageService {
    /// Starts the emulator; it accepts the key that this bot uses.
    pub(crate) async fn emulated(delay: Duration) -> anyhow::Result<Self> {
        let settings = gemini::Settings { delay, ..gemini::Settings::default() };
        let started = Gemini::start(settings).await;
        started.map(Self::Emulated).context("the emulated image model does not start")
    }

    /// Returns the settings with the key and the address.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        match self {
            Self::Emulated(gemini) => vec![
                ("GOOGLE_API_KEY", Some(gemini::Settings::default().api_key)),
                ("GOOGLE_BASE_URL", Some(gemini.url())),
            ],
            Self::Real(key) => vec![("GOOGLE_API_KEY", Some(key.clone()))],
        }
    }
}

impl PythonService {
    /// Starts the emulator; it accepts the key that this bot uses.
    pub(crate) async fn emulated() -> anyhow::Result<Self> {
        let started = E2b::start(e2b::Settings::default()).await;
        started.map(Self::Emulated).context("the emulated sandboxes do not start")
    }

    /// Returns the settings with the key and the addresses.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        match self {
            Self::Emulated(e2b) => vec![
                ("E2B_API_KEY", Some(e2b::Settings::default().api_key)),
                ("E2B_API_URL", Some(e2b.url())),
                ("E2B_SANDBOX_URL", Some(e2b.url())),
            ],
            Self::Real(key) => vec![("E2B_API_KEY", Some(key.clone()))],
        }
    }
}
