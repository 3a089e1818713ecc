//! Whatever Telegram answers, in any order: the text arrives once, or the person is blocked or gone.

mod calls;
mod random;
mod steps;

use std::collections::VecDeque;

use serde_json::json;

use super::super::calls::CallError;
use super::super::sender::send;
use super::*;
use crate::db::DbError;

const HOME: ChatId = ChatId(-42);
const MOVED: ChatId = ChatId(-1_000_042);
const UNFINISHED: MessageId = MessageId(7);

/// Sentences of refusals, whatever they are said about.
const SENTENCES: [&str; 12] = [
    "can't parse entities: entity beginning at UTF-16 offset 3 ends after the end of the text",
    "BUTTON_DATA_INVALID",
    "message to be replied not found",
    "message to edit not found",
    "message can't be edited",
    "TOPIC_CLOSED",
    "message thread not found",
    "not enough rights to send text messages to the chat",
    "message is too long",
    "message text is empty",
    "Wrong HTTP URL specified",
    "something that nobody knows yet",
];

/// What happens to a call that would be carried out otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Event {
    Fine,
    Flood,
    Conflict,
    Unauthorized,
    Unreachable,
    /// The server fails, with or without effect.
    Server(bool),
    /// The connection breaks, with or without effect.
    Broken(bool),
    /// Something comes back that is no answer, with or without effect.
    Unreadable(bool),
    /// The bot is killed, with or without effect, and starts again.
    Killed(bool),
    Blocked,
    Kicked,
    Migrated,
    /// Refused with one of the sentences.
    Refused(usize),
}

/// What a chat takes in no case, and the sentence that it has for that.
#[derive(Clone, Debug)]
struct Dislikes {
    parts: Vec<(Part, usize)>,
    /// The longest text.
    longest: usize,
}

/// A message in a chat.
#[derive(Clone, PartialEq, Debug)]
struct Standing {
    number: MessageId,
    text: String,
    entities: Option<Value>,
    keyboard: Option<Value>,
}

/// A Telegram of one chat, and the row of the message that is owed to it.
#[derive(Debug)]
struct Fake {
    events: VecDeque<Event>,
    dislikes: Dislikes,
    chat: ChatId,
    shut: Option<Event>,
    standing: Vec<Standing>,
    row: OutboxMessage,
    begun: bool,
    calls: usize,
    searched: Vec<i64>,
    /// The last form that was refused with a sentence.
    refused: Option<Form<'static>>,
}

impl Fake {
    fn new(row: OutboxMessage, dislikes: Dislikes, events: Vec<Event>) -> Self {
        let unfinished =
            Standing { number: UNFINISHED, text: "unfinished".into(), entities: None, keyboard: None };
        Self {
            events: events.into(),
            dislikes,
            chat: HOME,
            shut: None,
            standing: row.replaces.map(|_| unfinished).into_iter().collect(),
            row,
            begun: false,
            calls: 0,
            searched: Vec::new(),
            refused: None,
        }
    }

    /// What the chat answers before it looks at the message.
    fn gate(&self, form: &Form<'_>) -> Result<(), ApiError> {
        match self.shut {
            Some(Event::Blocked) => Err(refusal(403, "Forbidden: bot was blocked by the user")),
            Some(_) => Err(refusal(403, "Forbidden: bot was kicked from the supergroup chat")),
            None if form.chat != self.chat => Err(ApiError::Migrated(self.chat)),
            None => Ok(()),
        }
    }

    /// What the chat says of a form.
    fn judge(&self, form: &Form<'_>) -> Result<(), ApiError> {
        self.gate(form)?;
        let said = |sentence: usize| Err(refusal(400, &format!("Bad Request: {}", SENTENCES[sentence])));
        // Existing messages stay as they are, whatever the chat now accepts.
        if form.replaces.is_some_and(|number| self.standing.contains(&standing(form, number))) {
            return Ok(());
        }
        // A change keeps its place.
        let disliked = |part: &Part| form.has(*part) && (*part != Part::Topic || form.replaces.is_none());
        match self.dislikes.parts.iter().find(|(part, _)| disliked(part)) {
            Some((Part::Entities, _)) if self.shows_the_answer(form) => said(0),
            Some((Part::Keyboard, _)) if self.shows_the_answer(form) => said(1),
            Some(&(_, sentence)) => said(sentence),
            None if form.text().chars().count() > self.dislikes.longest => said(8),
            None => Ok(()),
        }
    }

    /// Whether an earlier life of the bot has put the answer into the place of the unfinished message. A chat
    /// does not say of such a message that it is gone.
    fn shows_the_answer(&self, form: &Form<'_>) -> bool {
        let shows =
            |message: &Standing| Some(message.number) == form.replaces && message.text != "unfinished";
        self.standing.iter().any(shows)
    }

    /// Carries a call out.
    fn carry_out(&mut self, form: &Form<'_>) -> Result<MessageId, ApiError> {
        self.judge(form)?;
        if let Some(number) = form.replaces {
            let Some(place) = self.standing.iter_mut().find(|message| message.number == number) else {
                return Err(refusal(400, "Bad Request: message to edit not found"));
            };
            *place = standing(form, number);
            return Ok(number);
        }
        let number = MessageId(100 + i32::try_from(self.standing.len()).unwrap());
        self.standing.push(standing(form, number));
        Ok(number)
    }

    /// Applies the next event to a call. Returns `None` if the bot is killed.
    fn meet(&mut self, form: &Form<'_>) -> Option<Result<MessageId, ApiError>> {
        self.calls += 1;
        assert!(self.calls < 500, "the ladder has no end: {form:?}");
        let event = self.events.pop_front().unwrap_or(Event::Fine);
        let (Event::Server(effect)
        | Event::Broken(effect)
        | Event::Unreadable(effect)
        | Event::Killed(effect)) = event
        else {
            return Some(self.answer(form, event));
        };
        if effect && let Err(error) = self.carry_out(form) {
            // The answer was on its way when it got lost; a refusal has no effect.
            drop(error);
        }
        match event {
            Event::Server(_) => Some(Err(ApiError::Server(502))),
            Event::Broken(_) => Some(Err(ApiError::broken_for_tests())),
            Event::Unreadable(_) => Some(Err(ApiError::Unreadable(200))),
            _ => None,
        }
    }

    fn answer(&mut self, form: &Form<'_>, event: Event) -> Result<MessageId, ApiError> {
        match event {
            Event::Flood => Err(ApiError::Flood(std::time::Duration::from_secs(7))),
            Event::Conflict => Err(refusal(409, "Conflict: terminated by other getUpdates request")),
            Event::Unauthorized => Err(refusal(401, "Unauthorized")),
            Event::Unreachable => Err(ApiError::unreachable_for_tests()),
            Event::Blocked | Event::Kicked => {
                self.shut = Some(event);
                self.carry_out(form)
            }
            // A chat moves once, with nothing of ours that is not known to be there.
            Event::Migrated if self.chat == HOME && self.finished().is_empty() => {
                (self.chat, self.standing) = (MOVED, Vec::new());
                self.carry_out(form)
            }
            Event::Refused(sentence) => {
                self.gate(form)?;
                if self.shows_the_answer(form) {
                    return self.carry_out(form);
                }
                self.refused = Some(owned(form));
                Err(refusal(400, &format!("Bad Request: {}", SENTENCES[sentence])))
            }
            _ => self.carry_out(form),
        }
    }

    fn finished(&self) -> Vec<&str> {
        let finished = self.standing.iter().map(|message| message.text.as_str());
        finished.filter(|text| *text != "unfinished").collect()
    }

    /// Delivers the message, in as many lives of the bot as it takes.
    fn deliver(&mut self) -> Result<MessageId, ApiError> {
        loop {
            let (row, begun) = (self.row.clone(), self.begun);
            if row.replaces.is_none() {
                self.begun = true;
            }
            let sent = without_pauses(send(Ladder::new(&row, begun), self));
            match sent {
                Ok(message) => return Ok(message),
                Err(CallError::Telegram(error)) => return Err(error),
                Err(CallError::Database(DbError::Cancelled)) => {}
                Err(CallError::Database(error)) => panic!("{error}"),
                Err(CallError::LeftToHolder) => unreachable!("no other instance holds the chat"),
            }
        }
    }
}

fn refusal(code: u16, description: &str) -> ApiError {
    ApiError::classified_for_tests(code, description)
}

fn standing(form: &Form<'_>, number: MessageId) -> Standing {
    let (entities, keyboard) = (form.entities.cloned(), form.keyboard().cloned());
    Standing { number, text: form.text().to_owned(), entities, keyboard }
}

/// A form that outlives its message; what it has counts, not what that says.
fn owned(form: &Form<'_>) -> Form<'static> {
    static SOMETHING: Value = Value::Null;
    Form {
        chat: form.chat,
        topic: form.topic,
        entities: form.entities.map(|_| &SOMETHING),
        reply_to: form.reply_to,
        replaces: form.replaces,
        keyboard: form.keyboard.map(|_| &SOMETHING),
        whole: Cow::Owned(form.whole.to_string()),
        end: form.end,
    }
}

/// Runs a delivery whose pauses take no time.
fn without_pauses<T>(delivery: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(delivery)
}

fn words(count: usize) -> String {
    (0..count).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ")
}

/// A message with everything that one can have.
fn rich(text: &str) -> OutboxMessage {
    OutboxMessage {
        reply_to: Some(MessageId(5)),
        replaces: Some(UNFINISHED),
        keyboard: Some(json!({"inline_keyboard": [[{"text": "Tap", "callback_data": "tap"}]]})),
        after: Some(MessageId(5)),
        ..OutboxMessage::new("key".into(), HOME, Some(TopicId(3)), (text.into(), json!([{"type": "bold"}])))
    }
}

const NOTHING: Dislikes = Dislikes { parts: Vec::new(), longest: usize::MAX };

/// The words of the finished messages, in the order of the chat.
fn said(fake: &Fake) -> Vec<String> {
    let mut numbered: Vec<&Standing> =
        fake.standing.iter().filter(|message| message.text != "unfinished").collect();
    numbered.sort_by_key(|message| message.number);
    numbered.iter().flat_map(|message| message.text.split_whitespace().map(str::to_owned)).collect()
}
