//! One go of the benchmark: everybody writes in the same instant, then the stamps of both emulators are
//! matched by user. The question carries the user's number, so a request to the model can be told apart.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use playground::anthropic::{Anthropic, Endpoint, Recorded, Reply};
use playground::telegram::{Answer, Call, Person, Telegram};

use super::process::Memory;

/// Between two looks at how many answers have arrived.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is needed to put load on the bot.
pub struct Load {
    /// Where the people are.
    pub telegram: Telegram,
    /// What answers them.
    pub model: Anthropic,
    /// What the model says to everybody.
    pub answer: String,
    /// How long all answers together may take.
    pub limit: Duration,
}

/// Delays of one answer.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// From the message, handed out to the bot, to its request to the model; includes the batching window.
    pub request: Duration,
    /// From the first piece of the model's text to the first draft with text; none when flood control left no
    /// room for a draft.
    pub first_draft: Option<Duration>,
    /// From the model's last byte to the final message.
    pub last_message: Duration,
}

/// All goes with one number of users.
#[derive(Debug)]
pub struct Round {
    /// Users at once.
    pub users: usize,
    /// Messages sent.
    pub asked: usize,
    /// Answers that arrived whole.
    pub answered: usize,
    /// One entry an answer.
    pub delays: Vec<Delays>,
    /// CPU time of the bot for all answers.
    pub cpu: Duration,
    /// Memory of the bot afterwards.
    pub memory: Memory,
}

impl Round {
    /// Nothing measured yet.
    pub fn new(users: usize) -> Self {
        Self {
            users,
            asked: 0,
            answered: 0,
            delays: Vec::new(),
            cpu: Duration::ZERO,
            memory: Memory::default(),
        }
    }

    /// Adds one go.
    pub fn add(&mut self, (asked, delays): (usize, Vec<Delays>)) {
        self.asked += asked;
        self.answered += delays.len();
        self.delays.extend(delays);
    }
}

/// A text of exactly so many chunks, in words.
pub fn answer(chunks: usize, chunk_chars: usize) -> String {
    let mut text: String =
        "the quick answer of a model that never tires ".chars().cycle().take(chunks * chunk_chars).collect();
    // The bot may trim a blank at the end, which would look like a wrong answer.
    text.pop();
    text.push('.');
    text
}

impl Load {
    /// Lets `users` people, numbered from `first`, write at once, and waits for their answers. Returns how many
    /// were asked and the delays of those answered whole.
    pub async fn ask_all(
        &self,
        first: i64,
        users: usize,
        time: usize,
    ) -> anyhow::Result<(usize, Vec<Delays>)> {
        let people: Vec<i64> = (first..).take(users).collect();
        let mut answered_before: HashMap<i64, usize> = HashMap::new();
        for &person in &people {
            self.telegram.add_user(Person::new(person, &format!("Person {person}")));
            self.model.script_for(&question(person, time), Reply::text(&self.answer));
            answered_before.insert(person, self.right_answers(person));
        }
        let calls_before = self.telegram.view(|view| view.calls().len());
        let requests_before = self.model.requests().len();
        let said: HashMap<i64, i64> = people.iter().map(|&person| (person, self.say(person, time))).collect();
        let deadline = Instant::now() + self.limit;
        let mut waiting = people.clone();
        while !waiting.is_empty() && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
            waiting.retain(|person| self.right_answers(*person) <= answered_before[person]);
        }
        let calls = self.telegram.calls().split_off(calls_before);
        let requests = self.model.requests().split_off(requests_before);
        let stamps = Stamps::new(&calls, &requests, &self.answer);
        let answered = people.iter().filter(|person| !waiting.contains(person));
        let delays = answered.map(|&person| {
            let handed_out = self.telegram.handed_out(said[&person]);
            let delays = stamps.delays(person, handed_out, &question(person, time));
            delays.with_context(|| format!("the emulators noted no times for person {person}"))
        });
        Ok((users, delays.collect::<anyhow::Result<_>>()?))
    }

    /// Returns the number of the update.
    fn say(&self, person: i64, time: usize) -> i64 {
        self.telegram.say(person, person, &question(person, time)).update_id
    }

    fn right_answers(&self, person: i64) -> usize {
        self.telegram.view(|view| view.answers(person).filter(|message| message.text == self.answer).count())
    }
}

fn question(person: i64, time: usize) -> String {
    format!("Question {time} of person {person}, please.")
}

/// What both emulators noted, by person.
struct Stamps<'a> {
    calls: HashMap<i64, Vec<&'a Call>>,
    requests: HashMap<String, &'a Recorded>,
    answer: &'a str,
}

impl<'a> Stamps<'a> {
    fn new(calls: &'a [Call], requests: &'a [Recorded], answer: &'a str) -> Self {
        let mut by_chat: HashMap<i64, Vec<&Call>> = HashMap::new();
        for call in calls {
            if let (Some(chat), Answer::Ok) = (call.chat, &call.answer) {
                by_chat.entry(chat).or_default().push(call);
            }
        }
        let asked = requests.iter().filter(|request| request.endpoint == Endpoint::Messages);
        let requests = asked.map(|request| (request.newest_user_text(), request)).collect();
        Self { calls: by_chat, requests, answer }
    }

    fn delays(&self, person: i64, handed_out: Option<Instant>, question: &str) -> Option<Delays> {
        let (_, request) = self.requests.iter().find(|(text, _)| text.contains(question))?;
        let calls = self.calls.get(&person)?;
        let first_text = request.first_delta_at?;
        let draft = calls.iter().find(|call| call.method == "sendMessageDraft" && shows(call, self.answer));
        let last = calls
            .iter()
            .find(|call| call.method == "sendMessage" && call.params["text"].as_str() == Some(self.answer))?;
        Some(Delays {
            request: request.at.saturating_duration_since(handed_out?),
            first_draft: draft.map(|draft| draft.at.saturating_duration_since(first_text)),
            last_message: last.at.saturating_duration_since(request.last_byte_at?),
        })
    }
}

/// Whether a draft shows a beginning of the answer, not only thoughts or a placeholder.
fn shows(call: &Call, answer: &str) -> bool {
    let text = call.params["text"].as_str().unwrap_or_default();
    let first_word = answer.split(' ').next().unwrap_or_default();
    text.starts_with(first_word)
}
