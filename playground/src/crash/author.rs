//! The model's answers in the crash test. Every question has a unique tag, and the answer repeats it: at its
//! beginning, in every paragraph, and in a last line that only a whole answer has.

use std::fmt;

use playground::anthropic::{PromptView, Reply, Step};
use serde_json::json;

/// The beginning of an answer's last line.
const END: &str = "Whole answer to";
/// A sentence without markup, so that the chat shows it as the history keeps it.
const FILLER: &str = "a sentence that fills the page while the process may die at any moment, ";
/// Paragraphs of a long answer, and how often each repeats the sentence: about 9,000 characters, several
/// messages.
const LONG: (usize, usize) = (12, 10);

/// Names one question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Tag {
    /// The number of the user.
    pub user: i64,
    /// The number of the user's question, from 0.
    pub number: u32,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "q{}x{}", self.user, self.number)
    }
}

/// The kind of answer to a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum QuestionKind {
    /// In one message.
    Short,
    /// In several.
    Long,
    /// After a tool was called.
    Tool,
}

impl QuestionKind {
    fn word(self) -> &'static str {
        match self {
            Self::Short => "briefly",
            Self::Long => "lengthily",
            Self::Tool => "costs",
        }
    }
}

/// Returns the text of a question.
pub(super) fn question(tag: Tag, kind: QuestionKind) -> String {
    format!("Question {tag}, {} please.", kind.word())
}

/// Returns the answer to a request; `None` if the request has no tag.
pub(super) fn answer(asked: &PromptView) -> Option<Reply> {
    let tags = tags(&asked.text);
    if tags.is_empty() {
        return None;
    }
    let calls_tool = asked.text.contains(QuestionKind::Tool.word()) && asked.results.is_empty();
    if calls_tool {
        let names: Vec<String> = tags.iter().map(Tag::to_string).collect();
        let text = format!("Let me calculate for {}.", names.join(" and "));
        let input = json!({"input_chars": 1_000, "output_chars": 1_000});
        let call = Step::ToolUse { name: "cost_estimator".to_owned(), input };
        return Some(Reply::steps(vec![Step::Text(text), call]));
    }
    let (paragraphs, sentences) = if asked.text.contains(QuestionKind::Long.word()) { LONG } else { (2, 1) };
    let mut text = String::new();
    for number in 1..=paragraphs {
        text.extend(tags.iter().map(|&tag| label(tag, number) + " "));
        text.push_str(&FILLER.repeat(sentences));
        text.push_str("as was said.\n\n");
    }
    let names: Vec<String> = tags.iter().map(Tag::to_string).collect();
    Some(Reply::text(text + END + " " + &names.join(" and ") + "."))
}

/// Returns the label of a paragraph.
fn label(tag: Tag, paragraph: usize) -> String {
    format!("({tag}, paragraph {paragraph})")
}

/// Returns the tags of the answers that end in this message.
pub(super) fn completed(message: &str) -> Vec<Tag> {
    message.rfind(END).map(|at| tags(&message[at..])).unwrap_or_default()
}

/// Returns the paragraph labels in a message of the bot.
pub(super) fn labels(message: &str) -> impl Iterator<Item = &str> {
    message.match_indices("(q").filter_map(|(at, _)| {
        let label = &message[at..];
        let label = &label[..=label.find(')')?];
        label.contains(", paragraph ").then_some(label)
    })
}

/// Returns the distinct tags in a text, in order.
pub(super) fn tags(text: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let numbers = word.strip_prefix('q').and_then(|word| word.split_once('x'));
        let Some((Ok(user), Ok(number))) = numbers.map(|(user, number)| (user.parse(), number.parse()))
        else {
            continue;
        };
        let tag = Tag { user, number };
        if !found.contains(&tag) {
            found.push(tag);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_its_questions() {
        let (first, second) = (Tag { user: 7, number: 0 }, Tag { user: 7, number: 12 });
        let text = [question(first, QuestionKind::Short), question(second, QuestionKind::Short)].join("\n");
        assert_eq!(tags(&text), [first, second]);
        assert!(answer(&PromptView { text, results: Vec::new() }).is_some());
        assert!(answer(&PromptView { text: "quite xenial".to_owned(), results: Vec::new() }).is_none());
        let said = format!("{} and (so) on. {END} {second}.\n\nStopped.", label(first, 1));
        assert_eq!(completed(&said), [second]);
        assert_eq!(labels(&said).collect::<Vec<_>>(), ["(q7x0, paragraph 1)"]);
        assert_eq!(completed("Whole question q7x0"), []);
    }
}
