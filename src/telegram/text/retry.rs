//! Sentences about questions that are asked again.

use super::say;
use crate::domain::people::Language;
use crate::services::retrying::RetryRefusal;

/// Labels the button below an answer that has failed.
pub(crate) fn try_again_button(language: Language) -> String {
    say(language, "try-again-button")
}

/// Labels the button that answers a changed question again.
pub(crate) fn answer_again_button(language: Language) -> String {
    say(language, "answer-again-button")
}

/// Offers to answer a changed question again.
pub(crate) fn changed_question(language: Language) -> String {
    say(language, "question-changed")
}

/// Replaces that offer, once it was taken.
pub(crate) fn answering_again(language: Language) -> String {
    say(language, "question-answered-again")
}

/// Says why nothing is asked again.
pub(crate) fn refused(language: Language, why: RetryRefusal) -> String {
    let id = match why {
        RetryRefusal::NoQuestion => "retry-no-question",
        RetryRefusal::Running => "retry-running",
        RetryRefusal::Used => "retry-used",
        RetryRefusal::Old => "retry-old",
        RetryRefusal::NotYours => "retry-not-yours",
    };
    say(language, id)
}
