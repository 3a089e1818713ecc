//! Delivery of updates to a webhook: chats in parallel, updates of one chat in sequence. A failed delivery is
//! retried later and delays only its own chat.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use super::clock::unix_now;
use super::params::Params;
use super::queue::{Update, Webhook};
use super::shared::Shared;
use super::{calls, methods};

/// Delay after a first failure. It doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(10);
/// Time limit of one delivery.
const DELIVERY_LIMIT: Duration = Duration::from_mins(1);

/// The state of one chat's deliveries.
#[derive(Debug, Default)]
struct ChatDelivery {
    busy: bool,
    failures: u32,
    not_before: Option<Instant>,
}

/// Delivers updates until the emulator stops. Does nothing while no webhook is set.
pub(super) async fn deliver(shared: Arc<Shared>, client: reqwest::Client) {
    let mut changed = shared.changed.subscribe();
    let mut lanes: HashMap<i64, ChatDelivery> = HashMap::new();
    let mut running: JoinSet<(Arc<Update>, Result<(), String>)> = JoinSet::new();
    loop {
        for (update, webhook) in due(&shared, &mut lanes, running.len()) {
            running.spawn(attempt(Arc::clone(&shared), client.clone(), webhook, update));
        }
        let wake = lanes.values().filter_map(|lane| lane.not_before).min();
        tokio::select! {
            () = shared.stop.cancelled() => return,
            Some(Ok((update, result))) = running.join_next() => settle(&shared, &mut lanes, &update, result),
            _ = changed.changed() => {}
            () = sleep_until(wake) => {}
        }
    }
}

/// Returns the oldest update of each chat that may be delivered now.
fn due(
    shared: &Shared,
    lanes: &mut HashMap<i64, ChatDelivery>,
    running: usize,
) -> Vec<(Arc<Update>, Webhook)> {
    shared.look(|world| {
        let Some(webhook) = &world.queue.webhook else { return Vec::new() };
        let now = Instant::now();
        let mut chosen = Vec::new();
        for update in &world.queue.pending {
            if running + chosen.len() >= webhook.max_connections {
                break;
            }
            let lane = lanes.entry(lane_of(update)).or_default();
            if !lane.busy && lane.not_before.is_none_or(|at| at <= now) {
                lane.busy = true;
                lane.not_before = None;
                chosen.push((Arc::clone(update), webhook.clone()));
            }
        }
        chosen
    })
}

fn lane_of(update: &Update) -> i64 {
    update.chat.unwrap_or(0)
}

async fn attempt(
    shared: Arc<Shared>,
    client: reqwest::Client,
    webhook: Webhook,
    update: Arc<Update>,
) -> (Arc<Update>, Result<(), String>) {
    update.handed_out.get_or_init(Instant::now);
    let mut request = client.post(&webhook.url).timeout(DELIVERY_LIMIT).json(&update.value);
    if let Some(secret) = &webhook.secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return (update, Err(format!("Connection failed: {error}"))),
    };
    if !response.status().is_success() {
        let error = format!("Wrong response from the webhook: {}", response.status());
        return (update, Err(error));
    }
    if let Ok(Value::Object(mut reply)) = response.json::<Value>().await
        && let Some(Value::String(method)) = reply.remove("method")
        && let Some(method) = methods::canonical(&method)
    {
        let mut params = Params::default();
        params.add_object(reply);
        calls::call(&shared, method, params).await;
    }
    (update, Ok(()))
}

fn settle(
    shared: &Shared,
    lanes: &mut HashMap<i64, ChatDelivery>,
    update: &Update,
    result: Result<(), String>,
) {
    let lane = lanes.entry(lane_of(update)).or_default();
    lane.busy = false;
    if result.is_ok() {
        lane.failures = 0;
    } else {
        let wait = FIRST_RETRY.saturating_mul(1 << lane.failures.min(16)).min(LONGEST_RETRY);
        lane.failures += 1;
        lane.not_before = Some(Instant::now() + wait);
    }
    shared.change(|world| match result {
        Ok(()) => {
            let at = world.queue.pending.iter().position(|pending| pending.id == update.id);
            at.and_then(|at| world.queue.pending.remove(at));
            world.queue.confirmed = world.queue.confirmed.max(update.id + 1);
        }
        Err(message) => {
            if let Some(webhook) = &mut world.queue.webhook {
                webhook.last_error = Some((unix_now(), message));
            }
        }
    });
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
