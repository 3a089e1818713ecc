//! The load: people who all write at the same instant, or one after another at a steady rate. The delays of
//! their answers are matched by user from the timestamps of both emulators. A question contains the user's
//! number, which identifies its request to the model.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use playground::anthropic::{Anthropic, Endpoint, Gate, Recorded, Reply, Step};
use playground::telegram::{Call, CallOutcome, Person, Telegram};

use super::sample::{answer, letters, visible_letters};

/// Interval between two checks for new answers.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The emulators and limits of a load.
pub(super) struct Load {
    /// The emulated Telegram with the people.
    pub telegram: Telegram,
    /// The emulated model.
    pub model: Anthropic,
    /// Characters of one text delta.
    pub chunk_chars: usize,
    /// Time limit for all answers of one run.
    pub limit: Duration,
}

/// A person with a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// The user id.
    pub person: i64,
    /// The number of this person's question, from 1; later ones have a history.
    pub visit: usize,
}

/// Delays of one answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delays {
    /// From the delivery of the message to the bot until its request to the model, including the batching
    /// window.
    pub request: Duration,
    /// From the first piece of the model's text until the first draft with text; `None` if the answer had no
    /// draft.
    pub first_draft: Option<Duration>,
    /// From the model's last byte until the final message.
    pub last_message: Duration,
}

/// The results of one run.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Number of questions.
    pub asked: usize,
    /// The delays of each answer that arrived whole.
    pub delays: Vec<Delays>,
    /// From the first question to the last answer.
    pub took: Duration,
}

impl Load {
    /// Returns the number of stream events of an answer with `chars` characters: its deltas, and three events
    /// before and three after them.
    pub(super) fn events(&self, chars: usize) -> usize {
        chars.div_ceil(self.chunk_chars) + 6
    }

    /// Makes everybody write at once. The answers pause before their last words until all have come that far,
    /// so that they end at once.
    pub(super) async fn burst(&self, askers: &[Asker], chars: usize) -> anyhow::Result<Run> {
        let text = answer(chars);
        let end = text.char_indices().rev().nth(self.chunk_chars.min(chars) - 1).map_or(0, |(at, _)| at);
        let (gate, keeper) = Gate::new();
        for asker in askers {
            let steps = [
                Step::Text(text[..end].to_owned()),
                Step::Gate(gate.clone()),
                Step::Text(text[end..].to_owned()),
            ];
            self.expect(*asker, Reply::steps(steps.to_vec()));
        }
        let run = self.begin(askers, &text);
        let begun = Instant::now();
        let said = askers.iter().map(|&asker| (asker.person, self.say(asker))).collect();
        // Answers that never begin are counted as missing below; they must not keep the others.
        tokio::time::timeout(self.limit, keeper.reached_by(askers.len())).await.ok();
        keeper.open();
        run.end(begun, &said).await
    }

    /// Makes people write one after another at a steady rate per second, answered at the model's pace.
    pub(super) async fn steady(&self, askers: &[Asker], rate: u32, chars: usize) -> anyhow::Result<Run> {
        let text = answer(chars);
        for asker in askers {
            self.expect(*asker, Reply::text(&text));
        }
        let run = self.begin(askers, &text);
        let begun = Instant::now();
        let mut said = HashMap::new();
        let mut beat = tokio::time::interval(Duration::from_secs(1) / rate);
        for &asker in askers {
            beat.tick().await;
            said.insert(asker.person, self.say(asker));
        }
        run.end(begun, &said).await
    }

    fn expect(&self, asker: Asker, reply: Reply) {
        self.telegram.add_user(Person::new(asker.person, &format!("Person {}", asker.person)));
        self.model.script_for(&question(asker), reply);
    }

    /// Sends the question. Returns the id of the update.
    fn say(&self, asker: Asker) -> i64 {
        self.telegram.say(asker.person, asker.person, &question(asker)).update_id
    }

    fn begin<'a>(&'a self, askers: &'a [Asker], text: &str) -> Pending<'a> {
        Pending {
            load: self,
            askers,
            letters: visible_letters(text),
            answers_before: askers.iter().map(|asker| self.answers(asker.person)).collect(),
            calls_before: self.telegram.view(|view| view.calls().len()),
            requests_before: self.model.requests().len(),
        }
    }

    fn answers(&self, person: i64) -> usize {
        self.telegram.view(|view| view.answers(person).count())
    }
}

/// A run in progress.
struct Pending<'a> {
    load: &'a Load,
    askers: &'a [Asker],
    letters: String,
    answers_before: Vec<usize>,
    calls_before: usize,
    requests_before: usize,
}

impl Pending<'_> {
    /// Waits for the answers; `said` contains the update id of each person's question.
    async fn end(self, begun: Instant, said: &HashMap<i64, i64>) -> anyhow::Result<Run> {
        let deadline = Instant::now() + self.load.limit;
        let mut waiting: Vec<(Asker, usize)> = self.askers.iter().copied().zip(self.answers_before).collect();
        while !waiting.is_empty() && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
            waiting.retain(|&(asker, before)| self.load.answers(asker.person) <= before);
        }
        let calls = self.load.telegram.calls().split_off(self.calls_before);
        let requests = self.load.model.requests().split_off(self.requests_before);
        let stamps = Stamps::new(&calls, &requests, &self.letters);
        let mut run = Run { asked: self.askers.len(), ..Run::default() };
        for &asker in self.askers {
            let Some(final_call) = stamps.last_message(asker.person) else { continue };
            run.took = run.took.max(final_call.at.saturating_duration_since(begun));
            let handed_out =
                said.get(&asker.person).and_then(|&update| self.load.telegram.handed_out(update));
            let delays = stamps.delays(asker, handed_out, final_call);
            run.delays.push(
                delays
                    .with_context(|| format!("the emulators noted no times for person {}", asker.person))?,
            );
        }
        Ok(run)
    }
}

fn question(asker: Asker) -> String {
    format!("Question {} of person {}, please.", asker.visit, asker.person)
}

/// Indexes the records of both emulators: calls by chat, requests by their newest text.
struct Stamps<'a> {
    calls: HashMap<i64, Vec<&'a Call>>,
    requests: Vec<(String, &'a Recorded)>,
    letters: &'a str,
}

impl<'a> Stamps<'a> {
    fn new(calls: &'a [Call], requests: &'a [Recorded], letters: &'a str) -> Self {
        let mut by_chat: HashMap<i64, Vec<&Call>> = HashMap::new();
        for call in calls {
            if let (Some(chat), CallOutcome::Ok) = (call.chat, &call.answer) {
                by_chat.entry(chat).or_default().push(call);
            }
        }
        let asked = requests.iter().filter(|request| request.endpoint == Endpoint::Messages);
        let requests = asked.map(|request| (request.newest_user_text(), request)).collect();
        Self { calls: by_chat, requests, letters }
    }

    /// Returns the message with the whole answer.
    fn last_message(&self, person: i64) -> Option<&'a Call> {
        let calls = self.calls.get(&person)?;
        let is_whole = |call: &&&Call| call.method == "sendMessage" && letters(text_of(call)) == self.letters;
        calls.iter().find(is_whole).copied()
    }

    fn delays(&self, asker: Asker, handed_out: Option<Instant>, last: &Call) -> Option<Delays> {
        let question = question(asker);
        let (_, request) = self.requests.iter().find(|(text, _)| text.contains(&question))?;
        let first_text = request.first_delta_at?;
        // Thoughts and placeholders do not begin like the answer.
        let shows = |call: &&&Call| {
            let shown = letters(text_of(call));
            call.method == "sendMessageDraft" && !shown.is_empty() && self.letters.starts_with(&shown)
        };
        let draft = self.calls.get(&asker.person)?.iter().find(shows);
        Some(Delays {
            request: request.at.saturating_duration_since(handed_out?),
            first_draft: draft.map(|draft| draft.at.saturating_duration_since(first_text)),
            last_message: last.at.saturating_duration_since(request.last_byte_at?),
        })
    }
}

fn text_of(call: &Call) -> &str {
    call.params["text"].as_str().unwrap_or_default()
}
