//! Checks of answers: each question has exactly one, whole or marked as partial; no paragraph appears twice;
//! the history agrees with the chats.

use std::collections::{BTreeMap, HashMap};

use super::super::author::{self, Tag};
use super::super::books::Question;
use super::super::findings::Findings;
use super::super::people::SentMessage;
use super::evidence::Evidence;

/// First characters of the remarks that the bot adds below an answer that did not end normally.
const MARKS: [char; 4] = ['⏹', '⚠', '✂', '💳'];

const LOST: &str = "messages LOST: no answer, nothing told";
const DOUBLED: &str = "questions answered TWICE";
const PARAGRAPHS: &str = "paragraphs shown TWICE";
const HISTORY: &str = "answers whose history is not what the chat shows";

/// Checks that every question is answered once, answered in part with a mark, or reported to its sender as
/// failed.
pub(super) fn questions(findings: &mut Findings, evidence: &Evidence, said: &[SentMessage]) {
    let mut whole: HashMap<Tag, u32> = HashMap::new();
    for message in evidence.chats.values().flat_map(BTreeMap::values) {
        for tag in author::completed(&message.text) {
            *whole.entry(tag).or_default() += 1;
        }
    }
    findings.expect_none(&[LOST, DOUBLED]);
    let (mut asked, mut once, mut partly, mut told) = (0, 0, 0, 0);
    for SentMessage { chat, message, tag, .. } in said {
        let Some(tag) = tag else { continue };
        asked += 1;
        let question = evidence.questions.get(&(*chat, *message));
        match (whole.get(tag).copied().unwrap_or(0), question) {
            (1, Some(_)) => once += 1,
            (0, Some(question)) => match marked(evidence, question) {
                Some(PartialMark::Partial) => partly += 1,
                Some(PartialMark::Nothing) => told += 1,
                None => findings.fault(LOST, format!("{tag} in chat {chat}: {question:?}")),
            },
            (_, None) => findings.fault(LOST, format!("{tag} in chat {chat} is not stored")),
            (times, _) => findings.fault(DOUBLED, format!("{tag} in chat {chat}: {times} times")),
        }
    }
    findings.count("questions asked", asked);
    findings.count("  answered whole, once", once);
    findings.count("  answered in part: stored and marked", partly);
    findings.count("  given up after three crashes alone: told and kept", told);
}

/// What a chat shows of an answer that is not whole.
enum PartialMark {
    Partial,
    Nothing,
}

/// Returns what the chat shows for a question without a whole answer. If a newer message interrupted its turn
/// before anything was shown, the question is part of the next prompt, so the next turn is examined.
fn marked(evidence: &Evidence, question: &Question) -> Option<PartialMark> {
    let turns = evidence.turns.get(&question.thread_id)?;
    turns.range(question.turn_id..).find_map(|(&turn, state)| {
        let shown = evidence.owed.iter().filter(|owed| owed.turn_id == Some(turn));
        let is_marked =
            shown.filter_map(|owed| evidence.shown(owed)).any(|message| message.text.contains(MARKS));
        match evidence.answers.get(&turn) {
            Some(answer) => Some((answer.interrupted && is_marked).then_some(PartialMark::Partial)),
            None if state == "failed" => Some(is_marked.then_some(PartialMark::Nothing)),
            // Overtaken before its first word.
            None if state == "interrupted" => None,
            None => Some(None),
        }
    })?
}

/// Checks that no paragraph of an answer appears in two messages.
pub(super) fn paragraphs(findings: &mut Findings, evidence: &Evidence) {
    findings.expect_none(&[PARAGRAPHS]);
    for (chat, messages) in &evidence.chats {
        let mut seen: HashMap<&str, i64> = HashMap::new();
        for (&id, message) in messages {
            for label in author::labels(&message.text) {
                if let Some(first) = seen.insert(label, id) {
                    let which = format!("{label} in chat {chat}: messages {first} and {id}");
                    findings.fault(PARAGRAPHS, which);
                }
            }
        }
    }
}

/// Checks that the stored answer equals the shown parts in order, without the bot's remarks.
pub(super) fn history(findings: &mut Findings, evidence: &Evidence) {
    findings.expect_none(&[HISTORY]);
    let mut shown: HashMap<i64, String> = HashMap::new();
    for owed in &evidence.owed {
        if let (Some(turn), Some(message)) = (owed.turn_id, evidence.shown(owed)) {
            shown.entry(turn).or_default().push_str(message.text.split(MARKS).next().unwrap_or_default());
        }
    }
    for (turn, answer) in &evidence.answers {
        let (kept, seen) = (letters(&answer.text), letters(shown.get(turn).map_or("", String::as_str)));
        if kept != seen {
            let detail = format!("turn {turn}: {} characters kept, {} shown", kept.len(), seen.len());
            findings.fault(HISTORY, detail);
        }
    }
    findings.count("answers in the history", evidence.answers.len());
}

/// Returns the text without white space, so that splitting into messages makes no difference.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
