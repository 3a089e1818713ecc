//! Simulated users of the crash test. They write continuously and wait a while for each answer or not at all;
//! they send files and voice messages, want files back, edit what they wrote and clear conversations; some
//! look at their balance, buy Stars packages and ask for refunds. Some only ask, one question after another, and
//! note how long they wait. Everything that they send is recorded for the comparison.

pub(super) mod asking;
mod sending;

use std::time::Duration;

use playground::telegram::{PaymentState, Person, SentIds, Telegram, View};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio_util::sync::CancellationToken;

use super::author::{self, QuestionKind};
use super::files::UserFile;
use super::marks::Tag;
use super::waits::Waits;

/// The first user ids, in private chats and in groups. A private chat has the id of its user.
const FIRST: (i64, i64) = (5_001, 800_001);
/// The distance from an id to the next one, because neighbours are answered by the same instance.
const APART: usize = 37;
/// The same of those who only ask, and read in between: with less, the budgets of their chats would be used up, and
/// they would measure how long Telegram's limits take.
const ASKER_PAUSE: std::ops::Range<u64> = 2_000..4_000;
/// The id of the first group; the next groups have lower ids.
const FIRST_GROUP: i64 = -1_000_001;
/// Users per group: few, because a bot may send twenty messages per minute to a group.
const MEMBERS: usize = 2;
/// Stars in each wallet at the beginning.
pub(super) const STARS: u32 = 2_000;
/// The package that users buy.
const PACKAGE: u32 = 50;
/// Their longest pause before they do the next thing, in milliseconds.
const PAUSE: std::ops::Range<u64> = 0..1_500;
/// How long users wait for an answer before they write again, in milliseconds: in private chats and in
/// groups.
const PATIENCE: (std::ops::Range<u64>, std::ops::Range<u64>) = (1_500..9_000, 10_000..25_000);
/// Time limit for menus, invoices and payments to appear.
const SHOPPING: Duration = Duration::from_secs(15);

/// What a text that was edited contains.
pub(super) const EDITED: &str = "Edited.";

/// A text, a command or a voice message that was sent to the bot, or a file with a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentMessage {
    /// The id of the user.
    pub user: i64,
    /// The chat of the message.
    pub chat: i64,
    /// The message id in the chat.
    pub message: i64,
    /// The id of the update with this message.
    pub update: i64,
    /// The tag of the question; `None` for a command.
    pub tag: Option<Tag>,
    /// What else the comparison must know of it.
    pub what: What,
}

/// What a message is, as far as it matters for the comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// A text, or a file with a caption.
    Written,
    /// A voice message, which contains the question.
    Voice,
    /// A table without a caption, which contains the question.
    Sheet,
    /// The command that forgets the conversation.
    Clear,
}

/// An edit of a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit {
    /// The chat of the message.
    pub chat: i64,
    /// The message id in the chat.
    pub message: i64,
}

/// A simulated user with a chat and habits.
pub(super) struct SimulatedUser {
    telegram: Telegram,
    id: i64,
    chat: i64,
    rng: StdRng,
    questions: u32,
    said: Vec<SentMessage>,
    files: Vec<UserFile>,
    edits: Vec<Edit>,
    /// Where somebody who only asks notes how long that takes.
    waits: Option<Waits>,
}

/// Returns all users: `private` of them in chats of their own, and those of `groups` groups.
pub(super) fn everybody(telegram: &Telegram, private: usize, groups: usize, seed: u64) -> Vec<SimulatedUser> {
    let mut people: Vec<SimulatedUser> = (FIRST.0..)
        .step_by(APART)
        .take(private)
        .map(|id| SimulatedUser::new(telegram, id, id, seed))
        .collect();
    let mut members = (FIRST.1..).step_by(APART);
    for group in (1 - FIRST_GROUP..).step_by(APART).map(|id| 1 - id).take(groups) {
        let ids: Vec<i64> = members.by_ref().take(MEMBERS).collect();
        people.extend(ids.iter().map(|&id| SimulatedUser::new(telegram, id, group, seed)));
        telegram.add_group(group, "A group", false, &ids);
    }
    people
}

impl SimulatedUser {
    fn new(telegram: &Telegram, id: i64, chat: i64, seed: u64) -> Self {
        telegram.add_user(Person::new(id, &format!("Person {id}")));
        telegram.set_stars(id, STARS);
        let rng = StdRng::seed_from_u64(seed.wrapping_add(id.unsigned_abs()));
        Self {
            telegram: telegram.clone(),
            id,
            chat,
            rng,
            questions: 0,
            said: Vec::new(),
            files: Vec::new(),
            edits: Vec::new(),
            waits: None,
        }
    }

    /// Returns the user id.
    pub(super) fn id(&self) -> i64 {
        self.id
    }

    /// Returns all messages sent so far.
    pub(super) fn said(&self) -> &[SentMessage] {
        &self.said
    }

    /// Returns all files sent so far.
    pub(super) fn files(&self) -> &[UserFile] {
        &self.files
    }

    /// Returns all edits so far.
    pub(super) fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// Writes until `enough` is cancelled.
    pub(super) async fn live(&mut self, enough: &CancellationToken) {
        loop {
            let pauses = if self.waits.is_some() { ASKER_PAUSE } else { PAUSE };
            let pause = Duration::from_millis(self.rng.random_range(pauses));
            tokio::select! {
                () = enough.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            // What is begun is given up when it is enough; everything that was said is noted at once.
            tokio::select! {
                () = enough.cancelled() => return,
                () = async {
                    match self.waits.clone() {
                        Some(waits) => self.ask_and_note(&waits).await,
                        None => self.act().await,
                    }
                } => {}
            }
        }
    }

    /// Asks one more question and returns its tag.
    pub(super) fn ask(&mut self, kind: QuestionKind) -> Tag {
        let tag = self.next_tag();
        let question = self.call(&author::question(tag, kind));
        self.say(&question, Some(tag), What::Written);
        tag
    }

    fn next_tag(&mut self) -> Tag {
        let tag = Tag { user: self.id, number: self.questions };
        self.questions += 1;
        tag
    }

    /// Addresses the bot where that is necessary.
    fn call(&self, text: &str) -> String {
        if self.is_private() { text.to_owned() } else { format!("@starling_bot {text}") }
    }

    fn is_private(&self) -> bool {
        self.chat == self.id
    }

    async fn act(&mut self) {
        let private = self.is_private();
        match self.rng.random_range(0..100) {
            30..36 => self.ask_and_wait(QuestionKind::Tool).await,
            36..42 => self.ask_and_wait(QuestionKind::Long).await,
            // Two messages that may become one prompt.
            42..46 => {
                self.ask(QuestionKind::Short);
                self.ask_and_wait(QuestionKind::Short).await;
            }
            46..58 => {
                let tag = self.send_with_question();
                self.wait_for(tag).await;
            }
            58..66 if !self.files.is_empty() => self.ask_and_wait(QuestionKind::Files).await,
            66..74 if !self.files.is_empty() => self.ask_and_wait(QuestionKind::FilesAtOnce).await,
            74..78 => self.ask_and_edit().await,
            78..81 => self.clear(),
            81..86 if private => {
                let tag = self.send_album();
                self.wait_for(tag).await;
            }
            86..92 if private => {
                let tag = self.speak();
                self.wait_for(tag).await;
            }
            92..95 if private => self.say("/balance", None, What::Written),
            95..100 if private => self.shop().await,
            _ => self.ask_and_wait(QuestionKind::Short).await,
        }
    }

    async fn ask_and_wait(&mut self, kind: QuestionKind) {
        let tag = self.ask(kind);
        self.wait_for(tag).await;
    }

    /// Waits for an answer, but not for ever.
    async fn wait_for(&mut self, tag: Tag) {
        let patience = if self.is_private() { PATIENCE.0 } else { PATIENCE.1 };
        let patience = Duration::from_millis(self.rng.random_range(patience));
        let chat = self.chat;
        let answered = |view: &View<'_>| {
            view.answers(chat)
                .rev()
                .any(|message| author::completed(&message.text).contains(&tag))
                .then_some(())
        };
        self.telegram.until("an answer", patience, answered).await.ok();
    }

    /// Buys a package, if the bot is running and offers one, and sometimes asks for a refund.
    async fn shop(&mut self) {
        let id = self.id;
        let before = self.telegram.view(|view| view.messages(id).next_back().map_or(0, |message| message.id));
        self.say("/pay", None, What::Written);
        let menu = |view: &View<'_>| {
            let mut new = view.answers(id).filter(|message| message.id > before);
            new.find(|message| message.reply_markup.is_some()).map(|message| message.id)
        };
        let Ok(menu) = self.telegram.until("packages", SHOPPING, menu).await else { return };
        self.telegram.press(id, id, menu, &format!("buy:{PACKAGE}"));
        let invoice = |view: &View<'_>| view.invoices(id).find(|message| message.id > before).map(|m| m.id);
        let Ok(invoice) = self.telegram.until("an invoice", SHOPPING, invoice).await else { return };
        let attempt = self.telegram.pay(id, id, invoice).number;
        let over = |view: &View<'_>| {
            view.payment(attempt).map(|attempt| attempt.state.clone()).filter(|s| *s != PaymentState::Waiting)
        };
        let Ok(PaymentState::Paid(receipt)) = self.telegram.until("a payment", SHOPPING, over).await else {
            return;
        };
        if self.rng.random_range(0..100) < 60 {
            self.say(&format!("/refund {}", receipt.charge_id), None, What::Written);
        }
    }

    fn say(&mut self, text: &str, tag: Option<Tag>, what: What) {
        let said = self.telegram.say(self.chat, self.id, text);
        self.note(said, tag, what);
    }

    fn note(&mut self, sent: SentIds, tag: Option<Tag>, what: What) {
        let SentIds { message_id: message, update_id: update } = sent;
        self.said.push(SentMessage { user: self.id, chat: self.chat, message, update, tag, what });
    }
}
