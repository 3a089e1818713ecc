//! Methods that decide how updates reach the bot: polling, or a webhook.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Method;

/// Fetches updates and confirms all before `offset`.
#[derive(Serialize, Debug)]
pub(crate) struct GetUpdates<'a> {
    /// The first update to return; `None` for the oldest pending one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// The most updates to return, 1 to 100.
    pub limit: u8,
    /// How long to wait for an update, in seconds.
    pub timeout: u64,
    /// The kinds of updates to return, by name.
    pub allowed_updates: &'a [&'a str],
}

impl Method for GetUpdates<'_> {
    const NAME: &'static str = "getUpdates";
    /// Raw JSON, so that kinds unknown to the framework are not lost.
    type Response = Vec<Box<RawValue>>;

    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.timeout + 10))
    }
}

/// Makes Telegram deliver updates to a webhook.
#[derive(Serialize, Debug)]
pub(crate) struct SetWebhook<'a> {
    /// The webhook's address.
    pub url: &'a str,
    /// The secret token that Telegram must present.
    pub secret_token: &'a str,
    /// The kinds of updates to deliver, by name.
    pub allowed_updates: &'a [&'a str],
}
method!("setWebhook", SetWebhook<'_> => bool);

/// Removes the webhook, so that updates can be fetched.
#[derive(Serialize, Debug)]
pub(crate) struct DeleteWebhook {}
method!("deleteWebhook", DeleteWebhook => bool);

/// Returns what Telegram knows of the webhook.
#[derive(Serialize, Debug)]
pub(crate) struct GetWebhookInfo {}
method!("getWebhookInfo", GetWebhookInfo => WebhookInfo);

/// The webhook as Telegram has it.
#[derive(Deserialize, Clone, Default, Debug)]
#[serde(default)]
pub(crate) struct WebhookInfo {
    /// The address; empty without a webhook.
    pub url: String,
    /// When the last delivery failed, in seconds since 1970.
    pub last_error_date: Option<i64>,
    /// Why it failed.
    pub last_error_message: Option<String>,
}
