//! Pending updates: numbering, filtering by `allowed_updates`, confirmation by offset, and redelivery on
//! request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use serde_json::{Map, Value, json};

/// Limit of past updates that can be redelivered.
const REMEMBERED: usize = 100_000;

/// Kinds that a bot receives by default.
const DEFAULT_KINDS: [&str; 20] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
];
/// Kinds that a bot receives only if it lists them.
const ASKED_KINDS: [&str; 4] =
    ["chat_member", "message_reaction", "message_reaction_count", "stopped_message_generation"];

/// Address and settings of the webhook.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub url: String,
    pub secret: Option<String>,
    pub max_connections: usize,
    /// Unix time and text of the last failure.
    pub last_error: Option<(i64, String)>,
}

impl Webhook {
    /// Returns a Bot API `WebhookInfo` object.
    pub(super) fn info(webhook: Option<&Self>, pending: usize, allowed: &[String]) -> Value {
        let mut info = json!({"url": "", "has_custom_certificate": false, "pending_update_count": pending});
        if let Some(webhook) = webhook {
            info["url"] = json!(webhook.url);
            info["max_connections"] = json!(webhook.max_connections);
            info["ip_address"] = json!("127.0.0.1");
            if let Some((date, message)) = &webhook.last_error {
                info["last_error_date"] = json!(date);
                info["last_error_message"] = json!(message);
            }
        }
        if !allowed.is_empty() {
            info["allowed_updates"] = json!(allowed);
        }
        info
    }
}

/// One update with its number.
#[derive(Debug)]
pub(super) struct Update {
    pub id: i64,
    pub chat: Option<i64>,
    pub value: Value,
    /// When `getUpdates` first returned it, or it was first posted to the webhook.
    pub handed_out: OnceLock<Instant>,
}

/// The queue of one bot.
#[derive(Debug)]
pub(super) struct Queue {
    next: i64,
    pub pending: VecDeque<Arc<Update>>,
    past: BTreeMap<i64, Arc<Update>>,
    again: VecDeque<Arc<Update>>,
    pub confirmed: i64,
    /// Kinds that the bot subscribed to; empty means the default set.
    pub allowed: Vec<String>,
    /// Number of the newest `getUpdates` call. An older one that still waits is terminated.
    pub poll: u64,
    pub webhook: Option<Webhook>,
}

impl Queue {
    /// Creates an empty queue whose first update has this id.
    pub(super) fn new(first: i64) -> Self {
        Self {
            next: first,
            pending: VecDeque::new(),
            past: BTreeMap::new(),
            again: VecDeque::new(),
            confirmed: 0,
            allowed: Vec::new(),
            poll: 0,
            webhook: None,
        }
    }

    /// Returns whether an update of this kind is created. Undocumented kinds always are.
    fn wanted(&self, kind: &str) -> bool {
        let known = DEFAULT_KINDS.contains(&kind) || ASKED_KINDS.contains(&kind);
        if !known {
            return true;
        }
        if self.allowed.is_empty() {
            return DEFAULT_KINDS.contains(&kind);
        }
        self.allowed.iter().any(|allowed| allowed == kind)
    }

    /// Creates an update of one kind. Returns its id, or 0 if the bot does not receive that kind.
    pub(super) fn push(&mut self, kind: &str, object: Value) -> i64 {
        let mut update = Map::new();
        update.insert(kind.to_owned(), object);
        self.push_raw(update)
    }

    /// Creates an update from its fields without `update_id`. Returns its id, or 0 if the bot does not
    /// receive that kind.
    pub(super) fn push_raw(&mut self, mut fields: Map<String, Value>) -> i64 {
        fields.remove("update_id");
        let Some((kind, object)) = fields.iter().next() else { return 0 };
        if !self.wanted(kind) {
            return 0;
        }
        let chat = chat_of(object);
        let id = self.next;
        self.next += 1;
        let mut value = Map::new();
        value.insert("update_id".to_owned(), json!(id));
        value.append(&mut fields);
        let update = Arc::new(Update { id, chat, value: Value::Object(value), handed_out: OnceLock::new() });
        self.past.insert(id, Arc::clone(&update));
        if self.past.len() > REMEMBERED {
            self.past.pop_first();
        }
        self.pending.push_back(update);
        id
    }

    /// Queues an update for another delivery. Returns `false` if it is unknown.
    pub(super) fn redeliver(&mut self, id: i64) -> bool {
        let Some(update) = self.past.get(&id) else { return false };
        if self.webhook.is_some() {
            self.pending.push_front(Arc::clone(update));
        } else {
            self.again.push_back(Arc::clone(update));
        }
        true
    }

    /// Removes the updates that an offset confirms: those below it or, if it is negative, all but the last
    /// `-offset`.
    pub(super) fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let keep = usize::try_from(-offset).unwrap_or(usize::MAX);
            let drop = self.pending.len().saturating_sub(keep);
            self.pending.drain(..drop);
            if let Some(first) = self.pending.front() {
                self.confirmed = self.confirmed.max(first.id);
            }
        } else if offset > 0 {
            while self.pending.front().is_some_and(|update| update.id < offset) {
                self.pending.pop_front();
            }
            self.confirmed = self.confirmed.max(offset);
        }
    }

    /// Returns the updates for a poll: redeliveries first, then the oldest unconfirmed ones.
    pub(super) fn hand_out(&mut self, limit: usize) -> Vec<Value> {
        let mut batch: Vec<Value> = Vec::new();
        while batch.len() < limit
            && let Some(update) = self.again.pop_front()
        {
            batch.push(update.value.clone());
        }
        let room = limit - batch.len();
        let now = Instant::now();
        batch.extend(self.pending.iter().take(room).map(|update| {
            update.handed_out.get_or_init(|| now);
            update.value.clone()
        }));
        batch
    }

    /// Returns when the bot was first given an update; `None` if it never was, or too long ago.
    pub(super) fn handed_out(&self, id: i64) -> Option<Instant> {
        self.past.get(&id)?.handed_out.get().copied()
    }

    /// Removes all pending updates.
    pub(super) fn clear(&mut self) {
        if let Some(last) = self.pending.back() {
            self.confirmed = self.confirmed.max(last.id + 1);
        }
        self.pending.clear();
        self.again.clear();
    }
}

/// Returns the chat of an update, for the order of webhook deliveries.
fn chat_of(object: &Value) -> Option<i64> {
    [&object["chat"]["id"], &object["message"]["chat"]["id"], &object["from"]["id"], &object["user"]["id"]]
        .into_iter()
        .find_map(Value::as_i64)
}
