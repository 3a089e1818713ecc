//! Checks of requests to the model: each contains the words and files of one user only, and no history from
//! before a `/clear` that came before something else in it.

use std::collections::{BTreeSet, HashMap};

use playground::anthropic::{Anthropic, Endpoint, Outcome, Recorded};
use serde_json::Value;

use super::super::findings::Findings;
use super::super::marks::{Mark, words};
use super::super::people::{SimulatedUser, What};

const FOREIGN: &str = "prompts with words or files of somebody else";
const FORGOTTEN: &str = "prompts with something from before a /clear";

/// What a request shows to the model.
#[derive(Clone, Debug, Default)]
pub(super) struct Prompt {
    /// The questions and files that its texts name.
    pub(super) named: BTreeSet<Mark>,
    /// The files of which it contains the copy.
    pub(super) copies: BTreeSet<Mark>,
    /// What comes with the message that it answers.
    pub(super) asked: BTreeSet<Mark>,
}

/// Where everything that users sent stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// The message of each question and file.
    messages: HashMap<Mark, i64>,
    /// The messages with `/clear` of each user.
    clears: HashMap<i64, Vec<i64>>,
    /// The files by the words of their names that no other file has.
    files: HashMap<String, Mark>,
}

impl Places {
    /// Collects what users have sent.
    pub(super) fn of(people: &[SimulatedUser]) -> Self {
        let mut places = Self::default();
        for said in people.iter().flat_map(SimulatedUser::said) {
            if let Some(tag) = said.tag {
                places.messages.insert(Mark::Question(tag), said.message);
            }
            if said.what == What::Clear {
                places.clears.entry(said.user).or_default().push(said.message);
            }
        }
        for file in people.iter().flat_map(SimulatedUser::files) {
            for mark in [Mark::File(file.tag), Mark::Content(file.tag)] {
                places.messages.insert(mark, file.message);
            }
            places.files.insert(file.word.clone(), Mark::File(file.tag));
        }
        places
    }

    /// Returns the file with this name at the provider.
    pub(super) fn file(&self, name: &str) -> Option<Mark> {
        self.marks(name).find(|mark| matches!(mark, Mark::File(_)))
    }

    fn marks(&self, text: &str) -> impl Iterator<Item = Mark> {
        words(text).filter_map(|word| self.files.get(word).copied().or_else(|| Mark::read(word)))
    }

    fn prompt(&self, request: &Recorded) -> Prompt {
        let mut prompt = Prompt::default();
        let messages = request.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let copies =
            || request.files().iter().filter_map(|file| Some((file.message, self.file(&file.name)?)));
        let asked = question(messages);
        for (number, message) in messages.iter().enumerate() {
            self.read(&message["content"], &mut prompt.named);
            if asked == Some(number) {
                self.read(&message["content"], &mut prompt.asked);
                prompt.asked.extend(copies().filter(|(at, _)| *at == number).map(|(_, mark)| mark));
            }
        }
        prompt.copies.extend(copies().map(|(_, mark)| mark));
        prompt
    }

    fn read(&self, value: &Value, named: &mut BTreeSet<Mark>) {
        match value {
            Value::String(text) => named.extend(self.marks(text)),
            Value::Array(values) => values.iter().for_each(|value| self.read(value, named)),
            Value::Object(fields) => fields.values().for_each(|value| self.read(value, named)),
            _ => {}
        }
    }
}

/// Returns the number of the message that is answered: the newest of the user that has more than results of
/// tools. It may have a file and no words.
fn question(messages: &[Value]) -> Option<usize> {
    messages.iter().rposition(|message| {
        let mut blocks = message["content"].as_array().into_iter().flatten();
        message["role"] == "user" && blocks.any(|block| block["type"] != "tool_result")
    })
}

/// Returns what the model was shown, oldest first. A request that met a fault was shown to nobody.
pub(super) fn prompts(model: &Anthropic, places: &Places) -> Vec<Prompt> {
    let requests = model.requests();
    let shown = |request: &&Recorded| {
        request.endpoint == Endpoint::Messages
            && !matches!(request.outcome, Outcome::Refused(..) | Outcome::Failed(..))
    };
    requests.iter().filter(shown).map(|request| places.prompt(request)).collect()
}

/// Checks whose words and files are in each prompt, and from when.
pub(super) fn isolation(findings: &mut Findings, prompts: &[Prompt], places: &Places) {
    findings.expect_none(&[FOREIGN, FORGOTTEN]);
    for prompt in prompts {
        let all = || prompt.named.iter().chain(&prompt.copies);
        let users: BTreeSet<i64> = all().map(|mark| mark.tag().user).collect();
        if users.len() > 1 {
            findings.fault(FOREIGN, format!("{users:?}: {prompt:?}"));
        }
        // A message that was written before a /clear and delayed by crashes is answered after it. It is not
        // history.
        let message = |mark: &Mark| places.messages.get(mark).copied();
        let history = all().filter(|mark| !prompt.asked.contains(mark)).filter_map(message).min();
        let (Some(first), Some(last)) = (history, all().filter_map(message).max()) else { continue };
        let clears = users.iter().filter_map(|user| places.clears.get(user)).flatten();
        for clear in clears.filter(|clear| (first..=last).contains(clear)) {
            findings.fault(FORGOTTEN, format!("messages {first} to {last}, cleared at {clear}: {prompt:?}"));
        }
    }
    findings.count("conversations cleared", places.clears.values().map(Vec::len).sum::<usize>());
    findings.count("prompts shown to the model", prompts.len());
    findings
        .count("  with copies of files", prompts.iter().filter(|prompt| !prompt.copies.is_empty()).count());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::marks::Tag;
    use super::*;

    fn tag(user: i64, number: u32) -> Tag {
        Tag { user, number }
    }

    fn places() -> Places {
        let mut places = Places::default();
        let (first, second) = (tag(7, 0), tag(7, 1));
        places.messages =
            [(Mark::Question(first), 10), (Mark::File(first), 11), (Mark::Question(second), 20)].into();
        places.clears.insert(7, vec![15]);
        places.files.insert("AgAD000001".to_owned(), Mark::File(first));
        places
    }

    fn faults(prompt: Prompt) -> Findings {
        let mut findings = Findings::default();
        isolation(&mut findings, &[prompt], &places());
        findings
    }

    fn named(marks: &[Mark]) -> Prompt {
        Prompt { named: marks.iter().copied().collect(), ..Prompt::default() }
    }

    #[test]
    fn a_prompt_of_one_user_since_the_clear_is_clean() {
        assert!(faults(named(&[Mark::Question(tag(7, 1))])).clean());
        assert!(faults(named(&[Mark::Question(tag(7, 0)), Mark::File(tag(7, 0))])).clean());
    }

    #[test]
    fn a_copy_of_somebody_elses_file_is_found() {
        let mut prompt = named(&[Mark::Question(tag(7, 1))]);
        prompt.copies.insert(Mark::File(tag(8, 0)));
        assert_eq!(faults(prompt).number_of(FOREIGN), 1);
    }

    #[test]
    fn words_from_before_a_clear_are_found() {
        let prompt = named(&[Mark::Question(tag(7, 0)), Mark::Question(tag(7, 1))]);
        assert_eq!(faults(prompt).number_of(FORGOTTEN), 1);
        let mut prompt = named(&[Mark::Question(tag(7, 1))]);
        prompt.copies.insert(Mark::File(tag(7, 0)));
        assert_eq!(faults(prompt).number_of(FORGOTTEN), 1, "a file from before a /clear");
        let mut delayed = named(&[Mark::Question(tag(7, 0)), Mark::Question(tag(7, 1))]);
        delayed.asked.insert(Mark::Question(tag(7, 0)));
        assert!(faults(delayed).clean(), "a question that was delayed");
        let mut asked = named(&[Mark::Question(tag(7, 0)), Mark::Question(tag(7, 1))]);
        asked.asked.insert(Mark::Question(tag(7, 1)));
        assert_eq!(faults(asked).number_of(FORGOTTEN), 1, "history behind the question");
    }

    #[test]
    fn every_text_of_a_prompt_is_read() {
        let messages = json!([{"role": "user", "content": [
            {"type": "text", "text": "Question q7x1z"},
            {"type": "tool_result", "content": [{"type": "text", "text": "{\"name\":\"photo_AgAD000001.jpg\"}"}]},
        ]}]);
        let mut read = BTreeSet::new();
        places().read(&messages, &mut read);
        assert_eq!(read, [Mark::Question(tag(7, 1)), Mark::File(tag(7, 0))].into());
    }

    #[test]
    fn the_question_may_be_a_file_without_words_and_is_no_result_of_a_tool() {
        let user = |kinds: &[&str]| {
            let blocks: Vec<Value> = kinds.iter().map(|kind| json!({"type": kind})).collect();
            json!({"role": "user", "content": blocks})
        };
        let model = json!({"role": "assistant", "content": [{"type": "text"}]});
        let file = [user(&["text"]), model.clone(), user(&["image"])];
        assert_eq!(question(&file), Some(2));
        let results = [user(&["image"]), model.clone(), user(&["tool_result", "tool_result"])];
        assert_eq!(question(&results), Some(0));
        let after_files = [user(&["text"]), model, user(&["tool_result", "text"])];
        assert_eq!(question(&after_files), Some(2));
    }
}
