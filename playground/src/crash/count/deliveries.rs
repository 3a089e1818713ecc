//! Checks of files that the bot sent: all that an answer promises are in the chat, once, and they are those
//! of the person who asked.

use std::collections::HashMap;

use super::super::author;
use super::super::books::OutboxRow;
use super::super::files::UserFile;
use super::super::findings::Findings;
use super::super::marks::Tag;
use super::evidence::Evidence;

const MISSING: &str = "files that were promised and are in no chat";
const TWICE: &str = "files delivered TWICE";
const WRONG: &str = "files delivered that are not the person's, or not those that were owed";

/// Compares the files in the chats with what answers promise and with the outbox.
pub(super) fn deliveries(findings: &mut Findings, evidence: &Evidence, files: &[UserFile]) {
    findings.expect_none(&[MISSING, TWICE, WRONG]);
    let mut times: HashMap<Tag, u32> = HashMap::new();
    for media in evidence.media.values() {
        if let Some(tag) = author::delivered_for(&media.caption) {
            *times.entry(tag).or_default() += 1;
        }
    }
    for (tag, times) in times.iter().filter(|(_, times)| **times > 1) {
        findings.fault(TWICE, format!("for {tag}: {times} times"));
    }
    let mut sent = 0;
    for owed in evidence.owed.iter().filter(|owed| !owed.files.is_empty()) {
        sent += contents(findings, evidence, owed, files);
    }
    let mut promised = 0;
    for owed in &evidence.owed {
        let Some((tag, count)) = evidence.shown(owed).and_then(|message| author::promised(&message.text))
        else {
            continue;
        };
        promised += count;
        let of_turn = evidence.owed.iter().filter(|other| other.turn_id == owed.turn_id);
        let shown: usize = of_turn.map(|other| shown(evidence, other)).sum();
        if shown != count {
            findings.fault(MISSING, format!("for {tag}: {count} promised, {shown} shown"));
        }
    }
    findings.count("files delivered", sent);
    findings.count("  promised in answers that are whole", promised);
}

/// Returns how many files of a row of the outbox its chat shows.
fn shown(evidence: &Evidence, owed: &OutboxRow) -> usize {
    let numbers = owed.numbers();
    numbers.filter(|number| evidence.media.contains_key(&(owed.chat_id, *number))).count()
}

/// Checks that a message with files has become what it was to be. Returns the number of files.
fn contents(findings: &mut Findings, evidence: &Evidence, owed: &OutboxRow, files: &[UserFile]) -> usize {
    let mut sent = 0;
    for (number, wanted) in owed.numbers().zip(&owed.files) {
        let Some(media) = evidence.media.get(&(owed.chat_id, number)) else {
            findings.fault(MISSING, format!("message {number}: {owed:?}"));
            continue;
        };
        sent += 1;
        let of_person =
            files.iter().find(|file| file.chat == owed.chat_id && file.telegram_id == media.file_id);
        // An album has one caption, so the one who asked is known from its first file.
        let asker = author::delivered_for(&owed.text).map(|tag| tag.user);
        let is_theirs = of_person.is_some_and(|file| asker.is_none_or(|asker| asker == file.tag.user));
        if media.file_id != *wanted || !is_theirs {
            findings.fault(WRONG, format!("message {number} is {:?}: {owed:?}", media.file_id));
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::super::super::files::FileForm;
    use super::super::evidence::faked::{self, CHAT, FILE};
    use super::*;

    const PROMISE: &str = "Files delivered for q7x0z: 1.";
    const CAPTION: &str = "Delivery for q7x0z";

    fn faults(evidence: &Evidence, owner: i64) -> [usize; 3] {
        let mut findings = Findings::default();
        let tag = Tag { user: owner, number: 0 };
        let telegram_id = FILE.to_owned();
        let (word, form, update) = ("f".to_owned(), FileForm::Pdf, 5);
        let file = UserFile { tag, form, chat: CHAT, message: faked::QUESTION, update, telegram_id, word };
        deliveries(&mut findings, evidence, &[file]);
        [MISSING, TWICE, WRONG].map(|what| findings.number_of(what))
    }

    #[test]
    fn what_was_promised_and_has_arrived_is_clean() {
        let mut evidence = faked::answered(PROMISE);
        faked::deliver(&mut evidence, 30, CAPTION, FILE);
        assert_eq!(faults(&evidence, CHAT), [0, 0, 0]);
    }

    #[test]
    fn a_promise_without_a_file_is_missing() {
        assert_eq!(faults(&faked::answered(PROMISE), CHAT), [1, 0, 0]);
        let mut evidence = faked::answered("A whole answer.");
        faked::deliver(&mut evidence, 30, CAPTION, FILE);
        evidence.media.clear();
        assert_eq!(faults(&evidence, CHAT), [1, 0, 0], "a row that no chat shows");
    }

    #[test]
    fn a_second_delivery_is_found() {
        let mut evidence = faked::answered("A whole answer.");
        faked::deliver(&mut evidence, 30, CAPTION, FILE);
        faked::show(&mut evidence, 31, CAPTION, FILE);
        assert_eq!(faults(&evidence, CHAT), [0, 1, 0]);
    }

    #[test]
    fn the_file_of_somebody_else_is_found() {
        let mut evidence = faked::answered("A whole answer.");
        faked::deliver(&mut evidence, 30, CAPTION, FILE);
        assert_eq!(faults(&evidence, CHAT + 1), [0, 0, 1]);
        let mut evidence = faked::answered("A whole answer.");
        faked::deliver(&mut evidence, 30, CAPTION, FILE);
        faked::show(&mut evidence, 30, CAPTION, "another file");
        assert_eq!(faults(&evidence, CHAT), [0, 0, 1], "not the file that was owed");
    }
}
