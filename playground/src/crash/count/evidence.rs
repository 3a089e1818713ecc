//! What the count compares: what the chats show, and what the database has of questions, turns and answers.

use std::collections::{BTreeMap, HashMap};

use playground::telegram::{Message, Telegram};

use super::super::books::{Books, OutboxRow, Question, StoredAnswer};

/// What a chat shows of the bot, by number.
pub(super) type Chats = HashMap<i64, BTreeMap<i64, Message>>;

/// Everything that is compared.
pub(super) struct Evidence {
    pub(super) chats: Chats,
    /// By chat and number.
    pub(super) questions: HashMap<(i64, i64), Question>,
    /// How the turns of each thread ended.
    pub(super) turns: HashMap<i64, BTreeMap<i64, String>>,
    /// By turn.
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

    /// The message of a chat that a row of the outbox became.
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
