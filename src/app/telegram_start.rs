//! What the start asks of Telegram: who the bot is, and how updates come.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::ports;
use crate::bot_api::methods::{DeleteWebhook, GetMe, Me, SetWebhook};
use crate::bot_api::{Api, ApiError};
use crate::config::{Config, Mode};
use crate::lifecycle::Lifecycle;
use crate::telegram::intake::{self, Webhook};

/// The pause between attempts to reach Telegram at start.
const START_PAUSE: Duration = Duration::from_secs(2);

/// Sets the webhook and binds the port that it calls. Does nothing where updates are fetched.
pub(super) async fn open_way(
    config: &Config,
    life: &Lifecycle,
    api: &Api,
) -> Result<Option<(TcpListener, Webhook)>> {
    let Mode::Webhook { url, addr, secret } = &config.telegram.mode else {
        return Ok(None);
    };
    let listener = ports::open("WEBHOOK_ADDR", *addr).await?;
    let method = SetWebhook { url, secret_token: secret.expose_secret(), allowed_updates: intake::KINDS };
    patiently(life, || api.call(&method)).await.context("Telegram does not accept WEBHOOK_URL")?;
    Ok(Some((listener, Webhook { secret: secret.clone() })))
}

/// Removes an old webhook, while which Telegram hands out no updates. Only for who fetches them.
pub(super) async fn close_way(life: &Lifecycle, api: &Api) -> Result<(), ApiError> {
    patiently(life, || api.call(&DeleteWebhook {})).await.map(drop)
}

/// Requests the bot's own account from Telegram.
pub(super) async fn introduce(api: &Api, life: &Lifecycle) -> Result<Me> {
    let me = match patiently(life, || api.call(&GetMe {})).await {
        Err(error @ ApiError::Unauthorized(_)) => {
            return Err(error).context("TELEGRAM_BOT_TOKEN is not accepted, ask BotFather for a new one");
        }
        me => me.context("Telegram does not tell who the bot is")?,
    };
    tracing::info!(bot.id = me.id, "Telegram knows us as {}", me.title());
    Ok(me)
}

/// Repeats a call of the start while Telegram is unavailable. A wrong token ends the start at once.
async fn patiently<T, F: Future<Output = Result<T, ApiError>>>(
    life: &Lifecycle,
    call: impl Fn() -> F,
) -> Result<T, ApiError> {
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
