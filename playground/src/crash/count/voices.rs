//! Checks of voice messages: what was heard is paid exactly once, and the books know of every transcript that
//! the service has made.

use std::collections::HashMap;

use playground::openai::{OpenAi, Outcome};

use super::super::books::Transcription;
use super::super::files::{self, FileForm, UserFile};
use super::super::findings::Findings;
use super::super::marks::{Tag, tags};

const CHARGES: &str = "voice messages that were not charged exactly once";
const UNKNOWN: &str = "transcripts made that the books do not know";
/// The price of a second, in 1/1,000,000,000 US dollars: $0.0045 per minute.
const SECOND_NANO: i64 = 75_000;

/// Returns how many transcripts the service has made of each question.
pub(super) fn made(speech: &OpenAi) -> HashMap<Tag, usize> {
    let mut made = HashMap::new();
    for request in speech.requests().iter().filter(|request| request.outcome == Outcome::Finished) {
        let said = files::words(&request.bytes).map(tags).unwrap_or_default();
        for tag in said {
            *made.entry(tag).or_default() += 1;
        }
    }
    made
}

/// Compares voice messages with their transcriptions and charges. `voices` are the files with the questions
/// that they contain; `charges` is the number of all charges for transcriptions.
pub(super) fn voices(
    findings: &mut Findings,
    voices: &[(&UserFile, Tag)],
    transcriptions: &[Transcription],
    made: &HashMap<Tag, usize>,
    charges: i64,
) {
    findings.expect_none(&[CHARGES, UNKNOWN]);
    let rows: HashMap<(i64, i64), &Transcription> =
        transcriptions.iter().map(|row| ((row.chat_id, i64::from(row.message_id)), row)).collect();
    let (mut heard, mut paid) = (0, 0);
    for (file, tag) in voices.iter().filter(|(file, _)| file.form == FileForm::Voice) {
        let made = made.get(tag).copied().unwrap_or_default();
        let row = rows.get(&(file.chat, file.message));
        let is_heard = row.is_some_and(|row| row.state == "done");
        heard += i64::from(is_heard);
        let price = i64::from(files::seconds(file.tag)) * SECOND_NANO;
        let expected = if is_heard { (1, -price) } else { (0, 0) };
        let charged = row.map_or((0, 0), |row| (row.charges, row.charged_nano));
        paid += charged.0;
        if charged != expected {
            findings.fault(CHARGES, format!("{tag}: {expected:?} expected, {row:?}"));
        }
        if usize::try_from(row.map_or(0, |row| row.attempts)).unwrap_or_default() < made {
            findings.fault(UNKNOWN, format!("{tag}: {made} made, {row:?}"));
        }
    }
    if paid != charges {
        findings.fault(CHARGES, format!("{charges} charges, {paid} of them for known voice messages"));
    }
    findings.count("voice messages", voices.len());
    findings.count("  heard and paid", heard);
    let repeated: usize = made.values().map(|times| times.saturating_sub(1)).sum();
    findings.count("  transcribed again: the operator's loss", repeated);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(state: &str, charges: i64, charged_nano: i64, made: usize) -> [usize; 2] {
        let tag = Tag { user: 7, number: 0 };
        let (telegram_id, word) = (String::new(), String::new());
        let (chat, message, update, form) = (7, 10, 5, FileForm::Voice);
        let file = UserFile { tag, form, chat, message, update, telegram_id, word };
        let (chat_id, message_id, attempts) = (7, 10, 1);
        let row =
            Transcription { chat_id, message_id, state: state.to_owned(), attempts, charges, charged_nano };
        let mut findings = Findings::default();
        voices(&mut findings, &[(&file, tag)], &[row], &[(tag, made)].into(), charges);
        [CHARGES, UNKNOWN].map(|what| findings.number_of(what))
    }

    #[test]
    fn a_voice_message_is_charged_once_if_it_was_heard() {
        // A voice message number 0 lasts one second.
        assert_eq!(faults("done", 1, -75_000, 1), [0, 0]);
        assert_eq!(faults("failed", 0, 0, 0), [0, 0]);
        assert_eq!(faults("done", 0, 0, 1), [1, 0], "not charged");
        assert_eq!(faults("done", 2, -150_000, 1), [1, 0], "charged twice");
        assert_eq!(faults("done", 1, -75_001, 1), [1, 0], "another price");
        assert_eq!(faults("failed", 1, -75_000, 0), [1, 0], "charged for nothing");
    }

    #[test]
    fn a_transcript_that_the_books_do_not_know_is_found() {
        assert_eq!(faults("done", 1, -75_000, 2), [0, 1]);
        assert_eq!(faults("failed", 0, 0, 2), [0, 1]);
    }

    #[test]
    fn a_charge_for_an_unknown_recording_is_found() {
        let mut findings = Findings::default();
        voices(&mut findings, &[], &[], &HashMap::new(), 1);
        assert_eq!(findings.number_of(CHARGES), 1);
    }
}
