//! Reading the state from tests, and waiting for a change: `until` probes again after every change.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::media;
use super::shared::Telegram;
use super::stars::PaymentAttempt;
use super::types::{Attachment, Call, CallOutcome, Download, Draft, Message, Violation};
use super::world::World;

/// Limit of messages per chat, of chats, and of calls that a failed wait prints.
const SHOWN: usize = 8;

/// A consistent view of the state; nothing changes while it is borrowed.
pub struct View<'a>(&'a World);

/// A message with a file.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaMessage {
    /// Id within the chat.
    pub message_id: i64,
    /// Whether the emulated bot sent it.
    pub from_bot: bool,
    /// The kind of file that the message contains, which can differ from the kind that was asked for.
    pub kind: Attachment,
    /// Id of the file, for a photo that of the largest size.
    pub file_id: String,
    /// Id of the content (`file_unique_id`).
    pub unique_id: String,
    /// The name given at the upload; empty if there was none.
    pub file_name: String,
    /// The MIME type given at the upload.
    pub mime: String,
    /// The content.
    pub bytes: Arc<Vec<u8>>,
    /// The caption; empty if there is none.
    pub caption: String,
    /// Formatting of the caption, as `MessageEntity` objects.
    pub entities: Vec<Value>,
    /// `media_group_id`: the same for all messages of an album.
    pub album: Option<String>,
    /// Topic (`message_thread_id`) of the message, if any.
    pub topic: Option<i64>,
    /// Id of the message that it answers, if any.
    pub reply_to: Option<i64>,
}

impl MediaMessage {
    fn of(world: &World, message: &Message) -> Option<Self> {
        let raw = &message.raw;
        let (kind, id) = (media::kind_of(raw)?, media::file_id(raw)?);
        let file = world.files.get(id)?;
        Some(Self {
            message_id: message.id,
            from_bot: message.from_bot,
            kind,
            file_id: id.to_owned(),
            unique_id: file.unique_id.clone(),
            file_name: file.name.clone(),
            mime: file.mime.clone(),
            bytes: Arc::clone(&file.bytes),
            caption: message.text.clone(),
            entities: message.entities.clone(),
            album: raw["media_group_id"].as_str().map(str::to_owned),
            topic: message.topic,
            reply_to: raw["reply_to_message"]["message_id"].as_i64(),
        })
    }
}

impl<'a> View<'a> {
    /// Returns the messages of a chat, oldest first.
    pub fn messages(&self, chat: i64) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        self.0.chats.get(&chat).into_iter().flat_map(|chat| chat.messages.values())
    }

    /// Returns the bot's messages in a chat, oldest first, without service messages.
    pub fn answers(&self, chat: i64) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        self.messages(chat).filter(|message| message.from_bot && !message.text.is_empty())
    }

    /// Returns the messages of a chat that contain a file, from both sides, oldest first.
    pub fn media(&self, chat: i64) -> impl Iterator<Item = MediaMessage> + use<'a> {
        let world = self.0;
        self.messages(chat).filter_map(move |message| MediaMessage::of(world, message))
    }

    /// Returns the files that the bot sent to a chat, oldest first.
    pub fn sent_media(&self, chat: i64) -> impl Iterator<Item = MediaMessage> + use<'a> {
        self.media(chat).filter(|message| message.from_bot)
    }

    /// Returns every draft state that was shown in a chat, oldest first.
    pub fn drafts(&self, chat: i64) -> &'a [Draft] {
        self.0.chats.get(&chat).map(|chat| chat.drafts.as_slice()).unwrap_or_default()
    }

    /// Returns the newest draft that a chat shows.
    pub fn live_draft(&self, chat: i64) -> Option<&'a Draft> {
        self.0.chats.get(&chat)?.live_draft()
    }

    /// Returns every call, in the order of arrival.
    pub fn calls(&self) -> &'a [Call] {
        &self.0.calls
    }

    /// Returns every download of a file, in the order of arrival.
    pub fn downloads(&self) -> &'a [Download] {
        self.0.downloads.entries()
    }

    /// Returns the calls of one method, given in its documented spelling.
    pub fn calls_of(&self, method: &'a str) -> impl DoubleEndedIterator<Item = &'a Call> + use<'a> {
        self.0.calls.iter().filter(move |call| call.method == method)
    }

    /// Returns the ids of all chats.
    pub fn chats(&self) -> impl Iterator<Item = i64> + use<'a> {
        self.0.chats.keys().copied()
    }

    /// Returns the name and the icon of a topic; `None` if there is none.
    pub fn topic(&self, chat: i64, topic: i64) -> Option<(&'a str, Option<&'a str>)> {
        let topic = self.0.chats.get(&chat)?.topics.get(&topic)?;
        Some((topic.name.as_str(), topic.icon.as_deref()))
    }

    /// Returns the calls that a correct bot would not have made.
    pub fn violations(&self) -> &'a [Violation] {
        &self.0.violations
    }

    /// Returns the parameters of `answerCallbackQuery` for a button press; `None` before it is called.
    pub fn press_answer(&self, callback_id: &str) -> Option<&'a Value> {
        self.0.presses.get(callback_id)?.answer.as_ref()
    }

    /// Returns the invoice messages of a chat, oldest first. `raw["invoice"]` has title and amount.
    pub fn invoices(&self, chat: i64) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        self.messages(chat).filter(|message| message.raw.get("invoice").is_some())
    }

    /// Returns a person's payment attempts, oldest first.
    pub fn payments(&self, user: i64) -> impl DoubleEndedIterator<Item = &'a PaymentAttempt> + use<'a> {
        self.0.stars.attempts().filter(move |attempt| attempt.user == user)
    }

    /// Returns a payment attempt by its number.
    pub fn payment(&self, number: usize) -> Option<&'a PaymentAttempt> {
        self.0.stars.attempt(number)
    }

    /// Returns the number of Stars in a person's wallet.
    pub fn stars(&self, user: i64) -> u32 {
        self.0.stars.ledger.wallet(user)
    }

    /// Returns the offset up to which updates are confirmed: the id of the first unconfirmed update.
    pub fn confirmed_offset(&self) -> i64 {
        self.0.queue.confirmed
    }

    /// Returns the number of unconfirmed updates.
    pub fn unconfirmed(&self) -> usize {
        self.0.queue.pending.len()
    }
}

impl Telegram {
    /// Calls `look` with a consistent view of the state.
    pub fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        self.shared.look(|world| look(&View(world)))
    }

    /// Returns the messages of a chat from both sides, oldest first.
    pub fn messages(&self, chat: i64) -> Vec<Message> {
        self.view(|view| view.messages(chat).cloned().collect())
    }

    /// Returns the files that the bot sent to a chat, oldest first.
    pub fn sent_media(&self, chat: i64) -> Vec<MediaMessage> {
        self.view(|view| view.sent_media(chat).collect())
    }

    /// Returns every draft state that was shown in a chat, oldest first.
    pub fn drafts(&self, chat: i64) -> Vec<Draft> {
        self.view(|view| view.drafts(chat).to_vec())
    }

    /// Returns the newest draft that a chat shows. A draft disappears with a message of the bot in the same
    /// chat and topic, or 30 seconds after its last state.
    pub fn live_draft(&self, chat: i64) -> Option<Draft> {
        self.view(|view| view.live_draft(chat).cloned())
    }

    /// Returns every call of the Bot API, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.view(|view| view.calls().to_vec())
    }

    /// Returns the calls that a correct bot would not have made.
    pub fn violations(&self) -> Vec<Violation> {
        self.view(|view| view.violations().to_vec())
    }

    /// Returns the parameters of `answerCallbackQuery` for a button press; `None` before it is called.
    pub fn press_answer(&self, callback_id: &str) -> Option<Value> {
        self.view(|view| view.press_answer(callback_id).cloned())
    }

    /// Returns the offset up to which updates are confirmed: the id of the first unconfirmed update.
    pub fn confirmed_offset(&self) -> i64 {
        self.shared.look(|world| world.queue.confirmed)
    }

    /// Returns the number of unconfirmed updates.
    pub fn unconfirmed(&self) -> usize {
        self.shared.look(|world| world.queue.pending.len())
    }

    /// Returns when the bot was first given this update, by `getUpdates` or through the webhook.
    pub fn handed_out(&self, update_id: i64) -> Option<Instant> {
        self.shared.look(|world| world.queue.handed_out(update_id))
    }

    /// Returns the bytes of a file that a person or the bot sent.
    pub fn file(&self, file_id: &str) -> Option<Vec<u8>> {
        self.shared.look(|world| world.files.get(file_id).map(|file| file.bytes.to_vec()))
    }

    /// Waits until `probe` returns a value; it runs at once and after every change. When `bound` has passed,
    /// the error names `what` and contains the newest messages and calls.
    pub async fn until<T>(
        &self,
        what: &str,
        bound: Duration,
        mut probe: impl FnMut(&View<'_>) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut changed = self.shared.changed.subscribe();
        let search = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = self.view(&mut probe) {
                    return found;
                }
                if changed.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match tokio::time::timeout(bound, search).await {
            Ok(found) => Ok(found),
            Err(_elapsed) => {
                let state = self.shared.look(describe);
                anyhow::bail!("waited {bound:?} in vain for {what}\n{state}")
            }
        }
    }
}

/// Describes the newest messages of every chat and the newest calls, for a failed wait.
fn describe(world: &World) -> String {
    let mut text = String::new();
    for (id, chat) in world.chats.iter().take(SHOWN) {
        let _ = writeln!(text, "chat {id}:");
        let first = chat.messages.len().saturating_sub(SHOWN);
        for message in chat.messages.values().skip(first) {
            let who = if message.from_bot { "bot" } else { "person" };
            let shown: String = message.text.chars().take(200).collect();
            let _ = writeln!(text, "  #{} {who}: {shown:?} ({} edits)", message.id, message.edits);
        }
        if let Some(draft) = chat.live_draft() {
            let shown: String = draft.text.chars().take(200).collect();
            let _ = writeln!(text, "  draft {}: {shown:?}", draft.draft_id);
        }
    }
    for attempt in world.stars.attempts().rev().take(SHOWN) {
        let _ = writeln!(text, "payment {} of {}: {:?}", attempt.number, attempt.user, attempt.state);
    }
    let first = world.calls.len().saturating_sub(SHOWN);
    for call in world.calls.iter().skip(first) {
        let answer = match &call.answer {
            CallOutcome::Error { code, description, .. } => format!("{code} {description}"),
            other => format!("{other:?}"),
        };
        let _ = writeln!(text, "call {} chat {:?}: {answer}", call.method, call.chat);
    }
    let _ = write!(text, "{} updates unconfirmed", world.queue.pending.len());
    text
}
