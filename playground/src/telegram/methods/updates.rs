//! Methods that choose how the bot receives updates: long polling or a webhook.

use serde_json::{Value, json};

use super::super::params::Params;
use super::super::queue::Webhook;
use super::super::refusal::{Outcome, Refusal};
use super::super::world::World;

/// Default of `max_connections`.
const CONNECTIONS: i64 = 40;

/// Starts a poll: terminates an older one and confirms updates below the offset. Returns the poll's number.
pub(in super::super) fn begin_poll(world: &mut World, params: &Params) -> Result<u64, Refusal> {
    if world.queue.webhook.is_some() {
        return Err(Refusal::conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        ));
    }
    remember_allowed(world, params)?;
    world.queue.poll += 1;
    world.queue.confirm(params.int("offset").unwrap_or(0));
    Ok(world.queue.poll)
}

/// `setWebhook`. An empty address removes the webhook. Plain HTTP is accepted on this machine only.
pub(super) fn set_webhook(world: &mut World, params: &Params) -> Outcome {
    let url = params.text("url").unwrap_or_default();
    if url.is_empty() {
        return Ok(delete_webhook(world, params));
    }
    let local =
        ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|base| url.starts_with(base));
    if !local && !url.starts_with("https://") {
        return Err(Refusal::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    let secret = params.text("secret_token").filter(|secret| !secret.is_empty());
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if secret.is_some_and(|secret| secret.len() > 256 || !secret.chars().all(allowed)) {
        return Err(Refusal::bad("secret token contains unallowed characters"));
    }
    remember_allowed(world, params)?;
    if params.flag("drop_pending_updates") {
        world.queue.clear();
    }
    let connections = params.int("max_connections").unwrap_or(CONNECTIONS).clamp(1, 100);
    world.queue.webhook = Some(Webhook {
        url: url.to_owned(),
        secret: secret.map(str::to_owned),
        max_connections: usize::try_from(connections).unwrap_or(1),
        last_error: None,
    });
    Ok(json!(true))
}

/// `deleteWebhook`.
pub(super) fn delete_webhook(world: &mut World, params: &Params) -> Value {
    if params.flag("drop_pending_updates") {
        world.queue.clear();
    }
    world.queue.webhook = None;
    json!(true)
}

/// `getWebhookInfo`.
pub(super) fn webhook_info(world: &World) -> Value {
    let queue = &world.queue;
    Webhook::info(queue.webhook.as_ref(), queue.pending.len(), &queue.allowed)
}

/// Stores `allowed_updates` for later updates. Without the parameter nothing changes.
fn remember_allowed(world: &mut World, params: &Params) -> Result<(), Refusal> {
    if let Some(kinds) = params.list("allowed_updates")? {
        world.queue.allowed = kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    Ok(())
}
