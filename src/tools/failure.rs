//! Why a call of a tool has no result, in the words that the model reads.

use serde_json::{Value, json};

use crate::services::file_allowance::DailyLimit;

/// How much of a text of the model a message repeats, in code points.
const REPEATED: usize = 60;
/// The longest message about wrong arguments, in code points. What is wrong stands at its beginning, what is
/// right at its end.
const LONGEST_ADVICE: usize = 600;

/// Why a tool has no result. The model reads it and can react.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Failure {
    /// A word for the kind of failure.
    pub(super) error: &'static str,
    /// The advice for the model.
    pub(super) message: String,
}

impl Failure {
    /// Returns the failure as the model reads it.
    pub(super) fn json(self) -> Value {
        let Self { error, message } = self;
        json!({"error": error, "message": message})
    }

    /// The kind of [`down`](Self::down).
    pub(super) const DOWN: &'static str = "service_down";

    /// Creates the failure for invalid arguments.
    pub(super) fn arguments(message: impl Into<String>) -> Self {
        Self { error: "invalid_arguments", message: without_middle(message.into()) }
    }

    /// Creates the failure for ids that name no file of the conversation. `then` says what was done and what
    /// to do.
    pub(super) fn not_found<'a>(ids: impl IntoIterator<Item = &'a str>, then: &str) -> Self {
        let ids: Vec<String> = ids.into_iter().map(repeated).collect();
        let message = format!("Not found in this conversation: {}. {then}", ids.join(", "));
        Self { error: "not_found", message }
    }

    /// Creates the failure for a file that is not fetched because of the limit of a day.
    pub(super) fn daily_limit(limit: DailyLimit) -> Self {
        let message = format!(
            "The file is not fetched: with it, the person would have more than the limit of {} MB of files per day. The \
             limit ends at 00:00 UTC, in about {} h. Tell the person, and go on without the file.",
            limit.megabytes(),
            limit.hours
        );
        Self { error: "daily_limit", message }
    }

    /// Creates the failure for an unavailable service.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self { error: "unavailable", message: message.into() }
    }

    /// Creates the failure for a service that is down, also after its retries. The tool is not asked again in
    /// this turn.
    pub(super) fn down(message: impl Into<String>) -> Self {
        Self { error: Self::DOWN, message: message.into() }
    }
}

/// Returns a text of the model as a message repeats it: the model may have written any length.
pub(super) fn repeated(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(REPEATED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{} ...", &text[..end]),
    }
}

/// Removes the middle of a message that repeats too much of what it complains about.
fn without_middle(message: String) -> String {
    let length = message.chars().count();
    if length <= LONGEST_ADVICE {
        return message;
    }
    let half = LONGEST_ADVICE / 2;
    let (head, tail): (String, String) =
        (message.chars().take(half).collect(), message.chars().skip(length - half).collect());
    format!("{head} ... {tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_wrote_is_repeated_in_part() {
        let long = "ы".repeat(10_000);
        let told = Failure::not_found(["file_1", &long], "Ask again.").message;
        assert!(
            told.starts_with("Not found in this conversation: file_1, ыыы") && told.ends_with(". Ask again.")
        );
        assert!(told.chars().count() < 130, "{told}");
        let told = Failure::arguments(format!("wrong: {long}, expected a number")).message;
        assert!(told.starts_with("wrong: ы") && told.ends_with("ы, expected a number"), "{told}");
        assert!(told.chars().count() < 610, "{told}");
        assert_eq!(Failure::arguments("latex is empty").message, "latex is empty");
    }
}
