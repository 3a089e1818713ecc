//! Why a call of a tool has no result, in the words that the model reads.

use serde_json::{Value, json};

use crate::services::file_allowance::DailyLimit;

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
        Self { error: "invalid_arguments", message: message.into() }
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
