//! What the start asks of Telegram: who the bot is, and how updates come.

use std::time::Duration;

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::ports;
use crate::bot_api::methods::{DeleteWebhook, GetMe, Me, SetWebhook};
use crate::bot_api::{Api, ApiError};
use crate::config::{Config, Mode};
use crate::lifecycle::Lifecycle;
use crate::services::poller::Poller;
use crate::telegram::intake::{self, Webhook};

/// The pause between attempts to reach Telegram at start.
const START_PAUSE: Duration = Duration::from_secs(2);

/// How updates come.
pub(super) enum Way {
    /// They are fetched.
    Polling {
        /// Whether this instance is the one that fetches them, and an old webhook is removed.
        is_open: bool,
    },
    /// They are delivered to this port.
    Webhook(TcpListener, Webhook),
}

/// Prepares the reception of updates: removes an old webhook, or sets ours and binds the port that it calls.
pub(super) async fn open_way(config: &Config, life: &Lifecycle, api: &Api, poller: &Poller) -> Result<Way> {
    let Mode::Webhook { url, addr, secret } = &config.telegram.mode else {
        let is_open = poller.take().await.context("who fetches updates is not known")?;
        if is_open {
            patiently(life, async || api.call(&DeleteWebhook {}).await)
                .await
                .context("an old webhook cannot be removed")?;
        }
        return Ok(Way::Polling { is_open });
    };
    let listener = ports::open("WEBHOOK_ADDR", *addr).await?;
    let method = SetWebhook { url, secret_token: secret.expose_secret(), allowed_updates: intake::KINDS };
    patiently(life, async || api.call(&method).await)
        .await
        .context("Telegram does not accept WEBHOOK_URL")?;
    Ok(Way::Webhook(listener, Webhook { secret: secret.clone() }))
}

/// Requests the bot's own account from Telegram.
pub(super) async fn introduce(api: &Api, life: &Lifecycle) -> Result<Me> {
    let me = match patiently(life, async || api.call(&GetMe {}).await).await {
        Err(error @ ApiError::Unauthorized(_)) => {
            return Err(error).context("TELEGRAM_BOT_TOKEN is not accepted, ask BotFather for a new one");
        }
        me => me.context("Telegram does not tell who the bot is")?,
    };
    tracing::info!(bot.id = me.id, "Telegram knows us as {}", me.title());
    Ok(me)
}

/// Repeats a call of the start while Telegram is unavailable. A wrong token ends the start at once.
async fn patiently<T>(life: &Lifecycle, call: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
    loop {
        let error = match call().await {
            Err(error) if error.is_passing() && !matches!(error, ApiError::Unauthorized(_)) => error,
            settled => return settled,
        };
        tracing::warn!(error = &error as &dyn std::error::Error, "Telegram is away, waiting");
        let pause = if let ApiError::Flood(wait) = error { wait.max(START_PAUSE) } else { START_PAUSE };
        tokio::select! {
            () = life.drain.cancelled() => return Err(error),
            () = tokio::time::sleep(pause) => {}
        }
    }
}
