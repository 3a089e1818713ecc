//! The model's answers in the crash test. Every question has a unique tag, and the answer repeats it: at its
//! beginning, in every paragraph, and in a last line that only a whole answer has.

use playground::anthropic::{PromptView, Reply, Step};
use serde_json::{Value, json};

use super::marks::{Tag, tags};

/// The beginning of an answer's last line.
const END: &str = "Whole answer to";
/// A sentence without markup, so that the chat shows it as the history keeps it.
const FILLER: &str = "a sentence that fills the page while the process may die at any moment, ";
/// Paragraphs of a long answer, and how often each repeats the sentence: about 9,000 characters, several
/// messages.
const LONG: (usize, usize) = (12, 10);
/// The beginning of the sentence that promises files.
const PROMISE: &str = "Files delivered for";
/// The beginning of the caption of a delivery.
const CAPTION: &str = "Delivery for";

/// The kind of answer to a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum QuestionKind {
    /// In one message.
    Short,
    /// In several.
    Long,
    /// After a tool was called.
    Tool,
    /// With files of the person, which follow it.
    Files,
    /// With files of the person, which are sent before it goes on.
    FilesAtOnce,
}

impl QuestionKind {
    fn word(self) -> &'static str {
        match self {
            Self::Short => "briefly",
            Self::Long => "lengthily",
            Self::Tool => "costs",
            Self::Files => "enclosed",
            Self::FilesAtOnce => "inline",
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
    let promised = match delivery(asked, tags[0]) {
        Delivery::Unwanted => String::new(),
        Delivery::Call(step) => {
            let text = format!("Let me see what there is for {}.", tags[0]);
            return Some(Reply::steps(vec![Step::Text(text), step]));
        }
        Delivery::Done(count) => format!("{PROMISE} {}: {count}.\n\n", tags[0]),
    };
    let (paragraphs, sentences) = if asked.text.contains(QuestionKind::Long.word()) { LONG } else { (2, 1) };
    let mut text = String::new();
    for number in 1..=paragraphs {
        text.extend(tags.iter().map(|&tag| label(tag, number) + " "));
        text.push_str(&FILLER.repeat(sentences));
        text.push_str("as was said.\n\n");
    }
    let names: Vec<String> = tags.iter().map(Tag::to_string).collect();
    Some(Reply::text(text + &promised + END + " " + &names.join(" and ") + "."))
}

/// The next step of an answer with files.
enum Delivery {
    /// The question asks for no files.
    Unwanted,
    /// The model calls a tool.
    Call(Step),
    /// So many files were sent or will be.
    Done(usize),
}

/// Decides the next step of an answer: the model lists the files of the conversation, sends one or two of
/// them, and then promises what the tool has reported.
fn delivery(asked: &PromptView, tag: Tag) -> Delivery {
    let wants = |kind: QuestionKind| asked.text.contains(kind.word());
    let at_once = wants(QuestionKind::FilesAtOnce);
    if !at_once && !wants(QuestionKind::Files) {
        return Delivery::Unwanted;
    }
    let Some((tool, result)) = asked.results.first() else {
        return Delivery::Call(Step::ToolUse { name: "list_files".to_owned(), input: json!({}) });
    };
    let result: Value = serde_json::from_str(result).unwrap_or_default();
    let files = result["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    if tool == "list_files" && !files.is_empty() {
        // Different questions ask for different files, and some for an album.
        let (first, count) =
            (tag.number as usize % files.len(), 1 + usize::from(tag.number.is_multiple_of(3)));
        let ids: Vec<&Value> =
            files.iter().cycle().skip(first).take(count).map(|file| &file["file_id"]).collect();
        let input = json!({"file_ids": ids, "caption": format!("{CAPTION} {tag}"), "sequential": at_once});
        return Delivery::Call(Step::ToolUse { name: "deliver_file".to_owned(), input });
    }
    let accepted = |file: &&Value| tool == "deliver_file" && file["status"] != "refused_by_telegram";
    Delivery::Done(files.iter().filter(accepted).count())
}

/// Returns the question and the number of files that a message of the bot promises.
pub(super) fn promised(message: &str) -> Option<(Tag, usize)> {
    let promise = message.split_once(PROMISE)?.1.lines().next()?;
    let (tag, count) = promise.split_once(": ")?;
    Some((*tags(tag).first()?, count.trim_end_matches('.').parse().ok()?))
}

/// Returns the question for which a message with this caption delivers files.
pub(super) fn delivered_for(caption: &str) -> Option<Tag> {
    tags(caption.strip_prefix(CAPTION)?).first().copied()
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
        assert_eq!(labels(&said).collect::<Vec<_>>(), ["(q7x0z, paragraph 1)"]);
        assert_eq!(completed("Whole question q7x0z"), []);
    }
    #[test]
    fn files_are_listed_then_sent_then_promised() {
        let tag = Tag { user: 7, number: 3 };
        let steps = |results: &[(&str, Value)]| {
            let results =
                results.iter().map(|(tool, result)| ((*tool).to_owned(), result.to_string())).collect();
            let text = question(tag, QuestionKind::FilesAtOnce);
            delivery(&PromptView { text, results }, tag)
        };
        let Delivery::Call(Step::ToolUse { name, .. }) = steps(&[]) else { panic!("no call") };
        assert_eq!(name, "list_files");
        let listed = json!({"files": [{"file_id": "file_a"}, {"file_id": "file_b"}]});
        let Delivery::Call(Step::ToolUse { name, input }) = steps(&[("list_files", listed)]) else {
            panic!("no call")
        };
        assert_eq!(name, "deliver_file");
        let caption = "Delivery for q7x3z";
        let sent = json!({"file_ids": ["file_b", "file_a"], "caption": caption, "sequential": true});
        assert_eq!(input, sent);
        assert_eq!(delivered_for(caption), Some(tag));
        let fates = json!({"files": [{"status": "sent"}, {"status": "refused_by_telegram"}]});
        assert!(matches!(steps(&[("deliver_file", fates)]), Delivery::Done(1)));
        assert!(matches!(steps(&[("list_files", json!({"files": []}))]), Delivery::Done(0)));
        assert_eq!(
            promised("Well.\n\nFiles delivered for q7x3z: 1.\n\nWhole answer to q7x3z."),
            Some((tag, 1))
        );
        assert_eq!(promised("Well."), None);
    }
}
