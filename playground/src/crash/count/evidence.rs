//! What the count compares: what the chats show, and what the database has of questions, turns and answers.

use std::collections::{BTreeMap, HashMap};

use playground::telegram::{Message, Telegram};

use super::super::books::{Books, OutboxRow, Question, StoredAnswer};

/// The messages of the bot that the chats show, by chat and message id.
pub(super) type Chats = HashMap<i64, BTreeMap<i64, Message>>;

/// The data that the checks compare.
pub(super) struct Evidence {
    pub(super) chats: Chats,
    /// By chat id and message id.
    pub(super) questions: HashMap<(i64, i64), Question>,
    /// The final state of each turn, by thread and turn.
    pub(super) turns: HashMap<i64, BTreeMap<i64, String>>,
    /// By turn id.
    pub(super) answers: HashMap<i64, StoredAnswer>,
    pub(super) owed: Vec<OutboxRow>,
}

impl Evidence {
    pub(super) async fn gather(telegram: &Telegram, books: &Books) -> anyhow::Result<Self> {
        let (mut questions, mut turns): (HashMap<_, _>, HashMap<_, BTreeMap<_, _>>) = Default::default();
        for question in books.questions().await? {
            turns.entry(question.thread_id).or_default().insert(question.turn_id, question.state.clone());
            questions.insert((question.chat_id, i64::from(question.message_id)), question);
        }
        let answers = books.answers().await?.into_iter().map(|answer| (answer.turn_id, answer)).collect();
        Ok(Self { chats: chats(telegram), questions, turns, answers, owed: books.owed().await? })
    }

    /// Returns the message that a row of the outbox became; `None` if no chat shows it.
    pub(super) fn shown(&self, owed: &OutboxRow) -> Option<&Message> {
        self.chats.get(&owed.chat_id)?.get(&i64::from(owed.message_id?))
    }
}

fn chats(telegram: &Telegram) -> Chats {
    telegram.view(|view| {
        let of_bot = |chat| {
            let messages = view.messages(chat).filter(|message| message.from_bot);
            messages.map(|message| (message.id, message.clone())).collect()
        };
        view.chats().map(|chat| (chat, of_bot(chat))).collect()
    })
}
