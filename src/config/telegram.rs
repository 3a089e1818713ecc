//! Settings of the Bot API.

use std::fmt;
use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::section::{Reader, presence};
use crate::domain::file::PUBLIC_LIMIT;

/// The host of Telegram's own Bot API server.
const PUBLIC_HOST: &str = "api.telegram.org";
/// The ports that this server calls.
const WEBHOOK_PORTS: [u16; 4] = [443, 80, 88, 8443];
const MIB: u64 = 1024 * 1024;

/// How to reach Telegram, and how updates arrive.
#[derive(Clone, Debug)]
pub struct Telegram {
    /// The token from BotFather.
    pub token: SecretString,
    /// Base address of the Bot API; methods are below `/bot<token>/`, files below `/file/bot<token>/`.
    pub api_url: String,
    /// How updates arrive.
    pub mode: Mode,
    /// Sends and edits per second over all chats; Telegram allows 30 for free, 0 means no limit.
    pub sends_per_second: u32,
    /// Largest file that the server lets the bot download, in bytes.
    pub file_limit: u64,
}

/// How updates arrive.
#[derive(Clone, Debug)]
pub enum Mode {
    /// The bot polls with `getUpdates`.
    Polling,
    /// Telegram calls the bot's webhook.
    Webhook {
        /// The public address that Telegram calls.
        url: String,
        /// The address on which the bot listens for these calls.
        addr: SocketAddr,
        /// The secret token of these calls; 1 to 256 of `A-Z a-z 0-9 _ -`.
        secret: SecretString,
    },
}

impl Telegram {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let token = reader.required_secret("TELEGRAM_BOT_TOKEN", "telegram_bot_token");
        if let Some(token) = &token
            && !is_token(token.expose_secret())
        {
            reader.problem("TELEGRAM_BOT_TOKEN", "must look like 123456789:AbCdEf..., as BotFather gave it");
        }
        let api_url = reader.base_url("TELEGRAM_API_URL", "https://api.telegram.org");
        let sends_per_second = reader.number("TELEGRAM_SENDS_PER_SECOND", 30, 0, 1_000);
        let file_limit = file_limit(reader, &api_url);
        let mode = match reader.text("TELEGRAM_MODE").unwrap_or("polling") {
            "polling" => Mode::Polling,
            "webhook" => webhook(reader, &api_url)?,
            _ => {
                reader.problem("TELEGRAM_MODE", "must be polling or webhook");
                Mode::Polling
            }
        };
        Some(Self { token: token?, api_url, mode, sends_per_second, file_limit })
    }

    /// Returns whether the Bot API server is not Telegram's own, so that it may keep files on this machine.
    pub fn is_local(&self) -> bool {
        !is_public(&self.api_url)
    }
}

fn is_public(api_url: &str) -> bool {
    Url::parse(api_url).is_ok_and(|url| url.host_str() == Some(PUBLIC_HOST))
}

/// Reads the largest file that the server lets the bot download.
fn file_limit(reader: &mut Reader<'_>, api_url: &str) -> u64 {
    let public = PUBLIC_LIMIT / MIB;
    let limit = reader.number("TELEGRAM_FILE_LIMIT_MB", public, 1, 2_000);
    if limit > public && is_public(api_url) {
        let advice = format!(
            "must be at most {public} with {PUBLIC_HOST}, which hands out no larger files; \
             run a local Bot API server (telegram-bot-api --local) and set TELEGRAM_API_URL to it"
        );
        reader.problem("TELEGRAM_FILE_LIMIT_MB", advice);
    }
    limit * MIB
}

fn webhook(reader: &mut Reader<'_>, api_url: &str) -> Option<Mode> {
    let url = reader.text("WEBHOOK_URL").unwrap_or_default().to_owned();
    match Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "https" | "http")) {
        None => reader.problem(
            "WEBHOOK_URL",
            "is required with TELEGRAM_MODE=webhook: the https address that Telegram calls",
        ),
        Some(url) if is_public(api_url) => check_webhook(reader, &url),
        Some(_) => {}
    }
    let addr = reader.listen("WEBHOOK_ADDR", SocketAddr::from(([0, 0, 0, 0], 8443)));
    let secret = reader.required_secret("WEBHOOK_SECRET", "webhook_secret");
    if let Some(secret) = &secret
        && !is_webhook_secret(secret.expose_secret())
    {
        reader.problem("WEBHOOK_SECRET", "must be 1 to 256 of the characters A-Z a-z 0-9 _ -");
    }
    Some(Mode::Webhook { url, addr, secret: secret? })
}

/// Checks an address that Telegram's own server is to call. A local server also calls http and any port.
fn check_webhook(reader: &mut Reader<'_>, url: &Url) {
    let port = url.port_or_known_default().unwrap_or_default();
    if url.scheme() != "https" {
        reader.problem("WEBHOOK_URL", "must begin with https://, Telegram calls nothing else");
    } else if !WEBHOOK_PORTS.contains(&port) {
        let advice = format!("must have the port 443, 80, 88 or 8443, Telegram does not call port {port}");
        reader.problem("WEBHOOK_URL", advice);
    }
}

fn is_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(id, key)| {
        !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

fn is_webhook_secret(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl fmt::Display for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "TELEGRAM_BOT_TOKEN={}", presence(Some(&self.token)))?;
        writeln!(f, "TELEGRAM_API_URL={}", self.api_url)?;
        writeln!(f, "TELEGRAM_SENDS_PER_SECOND={}", self.sends_per_second)?;
        writeln!(f, "TELEGRAM_FILE_LIMIT_MB={}", self.file_limit / MIB)?;
        match &self.mode {
            Mode::Polling => writeln!(f, "TELEGRAM_MODE=polling"),
            Mode::Webhook { url, addr, secret } => {
                writeln!(f, "TELEGRAM_MODE=webhook\nWEBHOOK_URL={url}\nWEBHOOK_ADDR={addr}")?;
                writeln!(f, "WEBHOOK_SECRET={}", presence(Some(secret)))
            }
        }
    }
}
