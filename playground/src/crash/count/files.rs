//! Checks of files that people sent: each was shown to the model, or its sender was told.

use std::collections::HashSet;

use super::super::files::{FileForm, UserFile};
use super::super::findings::Findings;
use super::super::marks::Mark;
use super::answers::MARKS;
use super::evidence::Evidence;
use super::prompts::Prompt;

const LOST: &str = "files LOST: not in any prompt, nothing told";

/// Checks that the model has seen every file, or that its sender was told that it has not. The words of voice
/// messages are questions and counted as such.
pub(super) fn reached(findings: &mut Findings, evidence: &Evidence, files: &[UserFile], prompts: &[Prompt]) {
    findings.expect_none(&[LOST]);
    let copies: HashSet<Mark> = prompts.iter().flat_map(|prompt| &prompt.copies).copied().collect();
    let named: HashSet<Mark> = prompts.iter().flat_map(|prompt| &prompt.named).copied().collect();
    let (mut seen, mut told) = (0, 0);
    let files: Vec<&UserFile> = files.iter().filter(|file| file.form != FileForm::Voice).collect();
    for file in &files {
        let is_seen = if file.form.is_copied() {
            copies.contains(&Mark::File(file.tag))
        } else {
            named.contains(&Mark::Content(file.tag))
        };
        if is_seen {
            seen += 1;
        } else if is_told(evidence, file) {
            told += 1;
        } else {
            findings
                .fault(LOST, format!("{file:?}: {:?}", evidence.questions.get(&(file.chat, file.message))));
        }
    }
    findings.count("files sent", files.len());
    findings.count("  shown to the model", seen);
    findings.count("  not shown: their senders were told", told);
}

/// Returns whether the chat shows a remark about the message: in answer to its update, or below the answer to
/// its turn. If a newer message interrupted the turn before anything was shown, the next turn counts.
fn is_told(evidence: &Evidence, file: &UserFile) -> bool {
    let Some(question) = evidence.questions.get(&(file.chat, file.message)) else {
        return evidence.replied(file.update).is_some_and(|reply| reply.text.contains(MARKS));
    };
    let Some(turns) = evidence.turns.get(&question.thread_id) else { return false };
    for (turn, state) in turns.range(question.turn_id..) {
        let mut shown = evidence.owed.iter().filter(|owed| owed.turn_id == Some(*turn));
        if shown.any(|owed| evidence.shown(owed).is_some_and(|message| message.text.contains(MARKS))) {
            return true;
        }
        if state != "interrupted" || evidence.answers.contains_key(turn) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::super::marks::Tag;
    use super::super::evidence::faked::{self, CHAT, FILE};
    use super::*;

    fn faults(evidence: &Evidence, prompts: &[Prompt]) -> usize {
        let mut findings = Findings::default();
        let tag = Tag { user: CHAT, number: 0 };
        let (telegram_id, word) = (FILE.to_owned(), Mark::File(tag).to_string());
        let (message, update, form) = (faked::QUESTION, 5, FileForm::Pdf);
        let file = UserFile { tag, form, chat: CHAT, message, update, telegram_id, word };
        reached(&mut findings, evidence, &[file], prompts);
        findings.number_of(LOST)
    }

    #[test]
    fn a_file_that_no_prompt_shows_is_lost() {
        let evidence = faked::answered("Whole answer.");
        assert_eq!(faults(&evidence, &[]), 1);
        let mark = Mark::File(Tag { user: CHAT, number: 0 });
        let named = Prompt { named: [mark].into(), ..Prompt::default() };
        assert_eq!(faults(&evidence, &[named]), 1, "its name alone is not the file");
        let shown = Prompt { copies: [mark].into(), ..Prompt::default() };
        assert_eq!(faults(&evidence, &[shown]), 0);
    }

    #[test]
    fn a_sender_who_was_told_has_lost_nothing() {
        assert_eq!(faults(&faked::answered("An answer.\n\n⚠️ I could not fetch your file."), &[]), 0);
        let mut unseen = faked::answered("An answer.\n\n⚠️ I could not fetch your file.");
        unseen.chats.clear();
        assert_eq!(faults(&unseen, &[]), 1, "a remark that no chat shows");
    }
}
