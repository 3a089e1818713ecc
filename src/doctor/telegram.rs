//! Checks of the Bot API: the token, and who gets the updates.

use url::Url;

use super::{Finding, LIMIT};
use crate::bot_api::Api;
use crate::bot_api::methods::{GetMe, GetWebhookInfo, WebhookInfo};
use crate::config::{Config, Mode};
use crate::domain::clock::Clock;
use crate::http;
use crate::telemetry::logs::chain;
use crate::telemetry::metrics::Metrics;

/// How long a failed delivery to the webhook counts, in seconds.
const RECENT_S: i64 = 3_600;

/// Checks that Telegram accepts the token, and the webhook.
pub(super) async fn examine(config: &Config) -> Finding {
    let telegram = &config.telegram;
    let checked = async {
        let metrics = Metrics::new().map_err(|error| error.to_string())?;
        let client = http::client(LIMIT).map_err(|error| error.to_string())?;
        let api = Api::new(client, &telegram.api_url, &telegram.token, 0, metrics);
        let api = api.map_err(|error| format!("TELEGRAM_API_URL: {error}"))?;
        let unreachable = |error| format!("{}; check TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL", chain(&error));
        let me = api.call(&GetMe {}).await.map_err(unreachable)?;
        let webhook = api.call(&GetWebhookInfo {}).await.map_err(unreachable)?;
        Ok::<_, String>((me, webhook))
    };
    match checked.await {
        Ok((me, webhook)) => judge(&me.title(), &telegram.mode, &webhook, Clock::System.now().timestamp()),
        Err(text) => Finding::Broken(text),
    }
}

/// Compares the webhook that Telegram has with the settings.
fn judge(title: &str, mode: &Mode, webhook: &WebhookInfo, now: i64) -> Finding {
    // Its path may be a secret.
    let host =
        Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    match mode {
        Mode::Polling if !webhook.url.is_empty() => Finding::Weak(format!(
            "{title} has a webhook at {host}, which the next start removes; if another program uses this bot, \
             get a token of its own from BotFather"
        )),
        Mode::Polling => Finding::Fine(format!("{title} by long polling")),
        Mode::Webhook { url, .. } if !webhook.url.is_empty() && webhook.url != *url => {
            Finding::Weak(format!(
                "Telegram calls {host} and not WEBHOOK_URL, which the next start corrects; if another program uses \
             this bot, get a token of its own from BotFather"
            ))
        }
        Mode::Webhook { .. } => match &webhook.last_error_message {
            Some(error) if webhook.last_error_date.is_some_and(|date| now - date < RECENT_S) => {
                Finding::Weak(format!(
                    "Telegram could not deliver to WEBHOOK_URL ({error}); check the proxy before WEBHOOK_ADDR \
                     and its certificate"
                ))
            }
            _ => Finding::Fine(format!("{title} by webhook")),
        },
    }
}
