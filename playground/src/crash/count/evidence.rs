//! What the count compares: what the chats show, and what the database has of questions, turns and answers.

use std::collections::{BTreeMap, HashMap, HashSet};

use playground::telegram::{MediaMessage, Message, Telegram};

use super::super::books::{Books, OutboxRow, Question, StoredAnswer};

/// The messages of the bot that the chats show, by chat and message id.
pub(super) type Chats = HashMap<i64, BTreeMap<i64, Message>>;

/// The data that the checks compare.
#[derive(Default)]
pub(super) struct Evidence {
    pub(super) chats: Chats,
    /// The messages of the bot that contain a file, by chat and message id.
    pub(super) media: HashMap<(i64, i64), MediaMessage>,
    /// By chat id and message id.
    pub(super) questions: HashMap<(i64, i64), Question>,
    /// The final state of each turn, by thread and turn.
    pub(super) turns: HashMap<i64, BTreeMap<i64, String>>,
    /// By turn id.
    pub(super) answers: HashMap<i64, StoredAnswer>,
    pub(super) owed: Vec<OutboxRow>,
    /// Messages that newer ones may overtake, by chat and message id.
    pub(super) suspected: HashSet<(i64, i64)>,
}

impl Evidence {
    pub(super) async fn gather(telegram: &Telegram, books: &Books) -> anyhow::Result<Self> {
        let (mut questions, mut turns): (HashMap<_, _>, HashMap<_, BTreeMap<_, _>>) = Default::default();
        for question in books.questions().await? {
            turns.entry(question.thread_id).or_default().insert(question.turn_id, question.state.clone());
            questions.insert((question.chat_id, i64::from(question.message_id)), question);
        }
        let answers = books.answers().await?.into_iter().map(|answer| (answer.turn_id, answer)).collect();
        let (chats, media) = (chats(telegram), media(telegram));
        let (owed, suspected) = (books.owed().await?, books.suspected().await?);
        Ok(Self { chats, media, questions, turns, answers, owed, suspected })
    }

    /// Returns the message that a row of the outbox became; `None` if no chat shows it.
    pub(super) fn shown(&self, owed: &OutboxRow) -> Option<&Message> {
        self.chats.get(&owed.chat_id)?.get(&i64::from(owed.message_id?))
    }

    /// Returns the message that answers an update; `None` if no chat shows one.
    pub(super) fn replied(&self, update: i64) -> Option<&Message> {
        let key = format!("update:{update}");
        self.shown(self.owed.iter().find(|owed| owed.key == key)?)
    }
}

fn media(telegram: &Telegram) -> HashMap<(i64, i64), MediaMessage> {
    telegram.view(|view| {
        let of_chat = |chat| view.sent_media(chat).map(move |media| ((chat, media.message_id), media));
        view.chats().flat_map(of_chat).collect()
    })
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

/// Evidence for tests of the checks: one question of one user, its answer, and files.
#[cfg(test)]
pub(super) mod faked {
    use std::sync::Arc;

    use playground::telegram::Attachment;
    use serde_json::Value;

    use super::*;

    /// The chat of the user with the same id.
    pub(in super::super) const CHAT: i64 = 7;
    /// The message with the question.
    pub(in super::super) const QUESTION: i64 = 10;
    /// Telegram's id of the file of the user.
    pub(in super::super) const FILE: &str = "BQAC1";
    /// The message with the answer.
    const ANSWER: i32 = 20;
    /// The turn.
    const TURN: i64 = 3;

    fn message(id: i64, text: &str) -> Message {
        let (text, entities, topic, reply_markup) = (text.to_owned(), Vec::new(), None, None);
        Message {
            id,
            date: 0,
            from: 1,
            from_bot: true,
            text,
            entities,
            topic,
            edits: 0,
            reply_markup,
            raw: Value::Null,
        }
    }

    fn row(number: i32, text: &str, files: Vec<String>) -> OutboxRow {
        let (key, state, text) = (format!("turn:{TURN}:{number}"), "sent".to_owned(), text.to_owned());
        OutboxRow { key, chat_id: CHAT, turn_id: Some(TURN), text, state, message_id: Some(number), files }
    }

    /// Returns evidence of a question that was answered.
    pub(in super::super) fn answered(answer: &str) -> Evidence {
        let mut evidence = Evidence::default();
        let (state, text) = ("answered".to_owned(), String::new());
        let question = Question {
            chat_id: CHAT,
            message_id: 10,
            thread_id: 2,
            turn_id: TURN,
            state: state.clone(),
            text,
        };
        evidence.questions.insert((CHAT, QUESTION), question);
        evidence.turns.entry(2).or_default().insert(TURN, state);
        let stored = StoredAnswer { turn_id: TURN, text: answer.to_owned(), interrupted: false };
        evidence.answers.insert(TURN, stored);
        evidence.chats.entry(CHAT).or_default().insert(ANSWER.into(), message(ANSWER.into(), answer));
        evidence.owed.push(row(ANSWER, answer, Vec::new()));
        evidence
    }

    /// Adds a file that the bot owed and sent.
    pub(in super::super) fn deliver(evidence: &mut Evidence, number: i32, caption: &str, file: &str) {
        evidence.owed.push(row(number, caption, vec![file.to_owned()]));
        show(evidence, number.into(), caption, file);
    }

    /// Adds a file to the chat.
    pub(in super::super) fn show(evidence: &mut Evidence, number: i64, caption: &str, file: &str) {
        let media = MediaMessage {
            message_id: number,
            from_bot: true,
            kind: Attachment::Document,
            file_id: file.to_owned(),
            unique_id: String::new(),
            file_name: String::new(),
            mime: String::new(),
            bytes: Arc::default(),
            caption: caption.to_owned(),
            entities: Vec::new(),
            album: None,
            topic: None,
            reply_to: None,
        };
        evidence.media.insert((CHAT, number), media);
        evidence.chats.entry(CHAT).or_default().insert(number, message(number, caption));
    }
}
