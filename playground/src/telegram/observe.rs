//! What a test can see, and how it waits for it: `until` looks again after every change.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::shared::Telegram;
use super::stars::PaymentAttempt;
use super::types::{Call, CallOutcome, Download, Draft, Message, Violation};
use super::world::World;

/// Messages that a failed wait prints of each chat, and calls it prints altogether.
const SHOWN: usize = 8;

/// The state during one look; nothing changes while it is borrowed.
pub struct View<'a>(&'a World);

impl<'a> View<'a> {
    /// What a chat shows now, oldest first.
    pub fn messages(&self, chat: i64) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        self.0.chats.get(&chat).into_iter().flat_map(|chat| chat.messages.values())
    }

    /// What the bot said in a chat, oldest first, without service messages.
    pub fn answers(&self, chat: i64) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        self.messages(chat).filter(|message| message.from_bot && !message.text.is_empty())
    }

    /// Every draft state a chat was shown, oldest first.
    pub fn drafts(&self, chat: i64) -> &'a [Draft] {
        self.0.chats.get(&chat).map(|chat| chat.drafts.as_slice()).unwrap_or_default()
    }

    /// The newest draft on the screen of a chat.
    pub fn live_draft(&self, chat: i64) -> Option<&'a Draft> {
        self.0.chats.get(&chat)?.live_draft()
    }

    /// Every call, in the order of arrival.
    pub fn calls(&self) -> &'a [Call] {
        &self.0.calls
    }

    /// Every download of a file, in the order of arrival.
    pub fn downloads(&self) -> &'a [Download] {
        self.0.downloads.entries()
    }

    /// The calls of one method, in its documented spelling.
    pub fn calls_of(&self, method: &'a str) -> impl DoubleEndedIterator<Item = &'a Call> + use<'a> {
        self.0.calls.iter().filter(move |call| call.method == method)
    }

    /// Ids of all chats.
    pub fn chats(&self) -> impl Iterator<Item = i64> + use<'a> {
        self.0.chats.keys().copied()
    }

    /// Calls that broke the limits.
    pub fn violations(&self) -> &'a [Violation] {
        &self.0.violations
    }

    /// The parameters of `answerCallbackQuery` for a button press, once it came.
    pub fn press_answer(&self, callback_id: &str) -> Option<&'a Value> {
        self.0.presses.get(callback_id)?.answer.as_ref()
    }

    /// The invoices that stand in a chat, oldest first; `raw["invoice"]` has title and amount.
    pub fn invoices(&self, chat: i64) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        self.messages(chat).filter(|message| message.raw.get("invoice").is_some())
    }

    /// All attempts of a person to pay, oldest first.
    pub fn payments(&self, user: i64) -> impl DoubleEndedIterator<Item = &'a PaymentAttempt> + use<'a> {
        self.0.stars.attempts().filter(move |attempt| attempt.user == user)
    }

    /// One attempt to pay, by its number.
    pub fn payment(&self, number: usize) -> Option<&'a PaymentAttempt> {
        self.0.stars.attempt(number)
    }

    /// Stars in a person's wallet.
    pub fn stars(&self, user: i64) -> u32 {
        self.0.stars.ledger.wallet(user)
    }

    /// The offset up to which updates are confirmed: the first id the bot has not seen to.
    pub fn confirmed_offset(&self) -> i64 {
        self.0.queue.confirmed
    }

    /// Updates that the bot has not confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.0.queue.pending.len()
    }
}

impl Telegram {
    /// One consistent look at the state.
    pub fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        self.shared.look(|world| look(&View(world)))
    }

    /// What a chat shows now, in order, both sides.
    pub fn messages(&self, chat: i64) -> Vec<Message> {
        self.view(|view| view.messages(chat).cloned().collect())
    }

    /// Every draft state a chat was shown, oldest first.
    pub fn drafts(&self, chat: i64) -> Vec<Draft> {
        self.view(|view| view.drafts(chat).to_vec())
    }

    /// The newest draft on the screen of a chat: gone after a message of the bot in the same chat and
    /// topic, or 30 seconds after its last state.
    pub fn live_draft(&self, chat: i64) -> Option<Draft> {
        self.view(|view| view.live_draft(chat).cloned())
    }

    /// Every call of the Bot API in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.view(|view| view.calls().to_vec())
    }

    /// Calls that a well-behaved bot would not have made.
    pub fn violations(&self) -> Vec<Violation> {
        self.view(|view| view.violations().to_vec())
    }

    /// The parameters of `answerCallbackQuery` for a button press, once it came.
    pub fn press_answer(&self, callback_id: &str) -> Option<Value> {
        self.view(|view| view.press_answer(callback_id).cloned())
    }

    /// The offset up to which updates are confirmed: the first id the bot has not seen to.
    pub fn confirmed_offset(&self) -> i64 {
        self.shared.look(|world| world.queue.confirmed)
    }

    /// Updates that the bot has not confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.shared.look(|world| world.queue.pending.len())
    }

    /// When a `getUpdates` call first got this update.
    pub fn handed_out(&self, update_id: i64) -> Option<Instant> {
        self.shared.look(|world| world.queue.handed_out(update_id))
    }

    /// Bytes of a file that a person or the bot sent.
    pub fn file(&self, file_id: &str) -> Option<Vec<u8>> {
        self.shared.look(|world| world.files.get(file_id).map(|file| file.bytes.to_vec()))
    }

    /// Waits until `probe` finds what it looks for; it looks at once and after every change. When
    /// `bound` is over, the error names `what` and prints the newest messages and calls.
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

/// The newest messages of every chat and the newest calls, for a failed wait.
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
