//! Checks of answers: each question has exactly one, whole or marked as partial; no paragraph appears twice;
//! the history agrees with the chats.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::author;
use super::super::books::Question;
use super::super::findings::Findings;
use super::super::marks::Tag;
use super::super::people::{EDITED, Edit, SentMessage, What};
use super::evidence::Evidence;

/// First characters of the remarks that the bot adds below an answer that did not end normally.
pub(super) const MARKS: [char; 5] = ['⏹', '⚠', '✂', '💳', '🔇'];

const LOST: &str = "messages LOST: no answer, nothing told";
const DOUBLED: &str = "questions answered TWICE";
const DISORDER: &str = "answers in another order than their questions";
const PARAGRAPHS: &str = "paragraphs shown TWICE";
const EDITS: &str = "edits LOST: the history has the former text";
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
    for SentMessage { chat, message, update, tag, what, .. } in said {
        let Some(tag) = tag else { continue };
        asked += 1;
        let question = evidence.questions.get(&(*chat, *message));
        match (whole.get(tag).copied().unwrap_or(0), question) {
            (1, Some(_)) => once += 1,
            (0, Some(question)) => match marked(evidence, question, *what == What::Voice) {
                Some(PartialMark::Partial) => partly += 1,
                Some(PartialMark::Nothing) => told += 1,
                None => findings.fault(LOST, format!("{tag} in chat {chat}: {question:?}")),
            },
            // A table that was not fetched is no message; nobody has read its question.
            (0, None) if *what == What::Sheet && is_refused(evidence, *update) => told += 1,
            (_, None) => findings.fault(LOST, format!("{tag} in chat {chat} is not stored")),
            (times, _) => findings.fault(DOUBLED, format!("{tag} in chat {chat}: {times} times")),
        }
    }
    findings.count("questions asked", asked);
    findings.count("  answered whole, once", once);
    findings.count("  answered in part: stored and marked", partly);
    findings.count("  not answered: told", told);
}

/// What a chat shows of an answer that is not whole.
enum PartialMark {
    Partial,
    Nothing,
}

/// Returns what the chat shows for a question without a whole answer. If a newer message interrupted its turn
/// before anything was shown, the question is part of the next prompt, so the next turn is examined.
///
/// If the words of a voice message were not heard, the answer to the messages beside it is whole and says so.
fn marked(evidence: &Evidence, question: &Question, is_voice: bool) -> Option<PartialMark> {
    let turns = evidence.turns.get(&question.thread_id)?;
    turns.range(question.turn_id..).find_map(|(&turn, state)| {
        let shown = evidence.owed.iter().filter(|owed| owed.turn_id == Some(turn));
        let is_marked =
            shown.filter_map(|owed| evidence.shown(owed)).any(|message| message.text.contains(MARKS));
        match evidence.answers.get(&turn) {
            Some(answer) if is_voice && !answer.interrupted => {
                Some(is_marked.then_some(PartialMark::Nothing))
            }
            Some(answer) => Some((answer.interrupted && is_marked).then_some(PartialMark::Partial)),
            None if state == "failed" => Some(is_marked.then_some(PartialMark::Nothing)),
            // Stopped before its first word, and marked.
            None if state == "interrupted" && is_marked => Some(Some(PartialMark::Nothing)),
            // Overtaken before its first word.
            None if state == "interrupted" => None,
            None => Some(None),
        }
    })?
}

/// Returns whether the chat tells the sender of an update what is wrong with it.
fn is_refused(evidence: &Evidence, update: i64) -> bool {
    evidence.replied(update).is_some_and(|reply| reply.text.contains(MARKS))
}

/// Checks that each person got the answers in the order of the questions, except those that were in flight in
/// several crashes.
pub(super) fn order(findings: &mut Findings, evidence: &Evidence, said: &[SentMessage]) {
    findings.expect_none(&[DISORDER]);
    let suspected = said.iter().filter(|said| evidence.suspected.contains(&(said.chat, said.message)));
    let suspected: HashSet<Tag> = suspected.filter_map(|said| said.tag).collect();
    for (chat, messages) in &evidence.chats {
        let mut newest: HashMap<i64, u32> = HashMap::new();
        for (&id, message) in messages {
            let tags = author::completed(&message.text);
            for tag in tags.into_iter().filter(|tag| !suspected.contains(tag)) {
                let former = newest.insert(tag.user, tag.number);
                if let Some(former) = former.filter(|&former| former >= tag.number) {
                    findings
                        .fault(DISORDER, format!("{tag} in message {id} of chat {chat} follows {former}"));
                }
            }
        }
    }
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
    for owed in evidence.owed.iter().filter(|owed| owed.files.is_empty()) {
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

/// Checks that the newest text of an edited message is stored.
pub(super) fn edits(findings: &mut Findings, evidence: &Evidence, edits: &[Edit]) {
    findings.expect_none(&[EDITS]);
    for edit in edits {
        // A question that is not stored is counted as lost.
        let Some(question) = evidence.questions.get(&(edit.chat, edit.message)) else { continue };
        if !question.text.contains(EDITED) {
            findings.fault(EDITS, format!("{edit:?}: {question:?}"));
        }
    }
    findings.count("edits", edits.len());
}

/// Returns the text without white space, so that splitting into messages makes no difference.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::evidence::faked::{self, CHAT, QUESTION};
    use super::*;

    fn lost(evidence: &Evidence, what: What) -> usize {
        let (tag, update) = (Some(Tag { user: CHAT, number: 0 }), 5);
        let said = SentMessage { user: CHAT, chat: CHAT, message: QUESTION, update, tag, what };
        let mut findings = Findings::default();
        questions(&mut findings, evidence, &[said]);
        findings.number_of(LOST)
    }

    #[test]
    fn an_unheard_voice_message_is_lost_unless_its_sender_was_told() {
        assert_eq!(lost(&faked::answered("Whole answer to q7x0z."), What::Voice), 0);
        assert_eq!(lost(&faked::answered("Whole answer to q7x1z."), What::Voice), 1);
        let told = faked::answered("Whole answer to q7x1z.\n\n⚠️ I could not turn a recording into text.");
        assert_eq!(lost(&told, What::Voice), 0);
        assert_eq!(lost(&told, What::Written), 1, "a text is never unheard");
    }

    #[test]
    fn a_question_that_was_stopped_is_lost_unless_the_chat_says_so() {
        let stopped = |text: &str| {
            let mut evidence = faked::answered(text);
            evidence.answers.clear();
            for state in evidence.turns.values_mut().flat_map(BTreeMap::values_mut) {
                "interrupted".clone_into(state);
            }
            evidence
        };
        assert_eq!(lost(&stopped("⏹ Stopped."), What::Written), 0);
        assert_eq!(lost(&stopped("Well."), What::Written), 1);
    }

    #[test]
    fn a_table_that_was_not_fetched_is_lost_unless_its_sender_was_told() {
        let mut evidence = faked::answered("⚠️ I could not fetch your file. Please send it again.");
        evidence.questions.clear();
        assert_eq!(lost(&evidence, What::Sheet), 1);
        evidence.owed[0].key = "update:5".to_owned();
        assert_eq!(lost(&evidence, What::Sheet), 0);
        assert_eq!(lost(&evidence, What::Written), 1);
    }

    #[test]
    fn an_answer_that_overtakes_another_is_found() {
        let disordered = |texts: [&str; 2]| {
            let mut evidence = faked::answered(texts[0]);
            faked::show(&mut evidence, 21, texts[1], "");
            let mut findings = Findings::default();
            order(&mut findings, &evidence, &[]);
            findings.number_of(DISORDER)
        };
        assert_eq!(disordered(["Whole answer to q7x0z.", "Whole answer to q7x1z and q7x2z."]), 0);
        assert_eq!(disordered(["Whole answer to q7x1z.", "Whole answer to q7x0z."]), 1);
        assert_eq!(disordered(["Whole answer to q7x1z.", "Whole answer to q8x0z."]), 0, "of somebody else");
    }

    #[test]
    fn an_edit_that_is_not_stored_is_found() {
        let mut evidence = faked::answered("An answer.");
        let faults = |evidence: &Evidence| {
            let mut findings = Findings::default();
            edits(&mut findings, evidence, &[Edit { chat: CHAT, message: QUESTION }]);
            findings.number_of(EDITS)
        };
        assert_eq!(faults(&evidence), 1);
        let question = evidence.questions.values_mut().next().expect("one question");
        question.text = format!("Question q7x0z, briefly please. {EDITED}");
        assert_eq!(faults(&evidence), 0);
    }
}
