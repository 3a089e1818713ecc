//! Settings of the model providers: Anthropic is required, each of the others enables a feature.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::section::{Reader, presence};

/// The API of the chat models.
#[derive(Clone, Debug)]
pub struct Anthropic {
    /// Sent as `x-api-key`.
    pub key: SecretString,
    /// Base address; methods are below `/v1/`.
    pub base_url: String,
    /// How long a stream may be silent before it counts as dead.
    pub idle_limit: Duration,
    /// How long a stream may carry only keep-alive events before it counts as dead.
    pub max_silence: Duration,
}

impl Anthropic {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let key = reader.required_secret("ANTHROPIC_API_KEY", "anthropic_api_key");
        let base_url = reader.base_url("ANTHROPIC_BASE_URL", "https://api.anthropic.com");
        let idle_limit = Duration::from_secs(reader.number("ANTHROPIC_IDLE_SECONDS", 90, 1, 600));
        let max_silence = reader.number("ANTHROPIC_MAX_SILENCE_SECONDS", 600, 1, 86_400);
        Some(Self { key: key?, base_url, idle_limit, max_silence: Duration::from_secs(max_silence) })
    }
}

impl fmt::Display for Anthropic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ANTHROPIC_API_KEY={}", presence(Some(&self.key)))?;
        writeln!(f, "ANTHROPIC_BASE_URL={}", self.base_url)?;
        writeln!(f, "ANTHROPIC_IDLE_SECONDS={}", self.idle_limit.as_secs())?;
        writeln!(f, "ANTHROPIC_MAX_SILENCE_SECONDS={}", self.max_silence.as_secs())
    }
}

/// A provider that the bot can run without, with one feature less.
#[derive(Clone, Debug)]
pub struct OptionalProvider {
    /// The API key; `None` disables the feature.
    pub key: Option<SecretString>,
    /// Base address.
    pub base_url: String,
}

/// The optional providers.
#[derive(Clone, Debug)]
pub struct Providers {
    /// Speech to text.
    pub openai: OptionalProvider,
    /// Time limit of one request for speech to text.
    pub openai_limit: Duration,
    /// Images.
    pub google: OptionalProvider,
    /// Time limit of one request for an image.
    pub google_limit: Duration,
    /// Python sandboxes: the control plane.
    pub e2b: OptionalProvider,
    /// Python sandboxes: the address of the sandboxes themselves, if not the public one.
    pub e2b_sandbox_url: String,
}

impl Providers {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let openai = OptionalProvider {
            key: reader.secret("OPENAI_API_KEY", "openai_api_key"),
            base_url: reader.base_url("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        };
        let openai_limit = Duration::from_secs(reader.number("OPENAI_TIMEOUT_SECONDS", 90, 1, 200));
        let google = OptionalProvider {
            key: reader.secret("GOOGLE_API_KEY", "google_api_key"),
            base_url: reader.base_url("GOOGLE_BASE_URL", "https://generativelanguage.googleapis.com/v1beta"),
        };
        let google_limit = Duration::from_secs(reader.number("GOOGLE_TIMEOUT_SECONDS", 150, 1, 240));
        let e2b = OptionalProvider {
            key: reader.secret("E2B_API_KEY", "e2b_api_key"),
            base_url: reader.base_url("E2B_API_URL", "https://api.e2b.app"),
        };
        let e2b_sandbox_url = reader.base_url("E2B_SANDBOX_URL", "https://sandbox.e2b.app");
        Self { openai, openai_limit, google, google_limit, e2b, e2b_sandbox_url }
    }
}

impl fmt::Display for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, address, provider) in [
            ("OPENAI_API_KEY", "OPENAI_BASE_URL", &self.openai),
            ("GOOGLE_API_KEY", "GOOGLE_BASE_URL", &self.google),
            ("E2B_API_KEY", "E2B_API_URL", &self.e2b),
        ] {
            writeln!(f, "{name}={}\n{address}={}", presence(provider.key.as_ref()), provider.base_url)?;
        }
        writeln!(f, "OPENAI_TIMEOUT_SECONDS={}", self.openai_limit.as_secs())?;
        writeln!(f, "GOOGLE_TIMEOUT_SECONDS={}", self.google_limit.as_secs())?;
        writeln!(f, "E2B_SANDBOX_URL={}", self.e2b_sandbox_url)
    }
}
