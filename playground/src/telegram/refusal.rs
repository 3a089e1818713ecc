//! Refusals with the sentences of the Bot API.

use serde_json::{Value, json};

/// Why a method is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: u16,
    pub description: String,
    pub retry_after: Option<u64>,
    /// The supergroup that the group has become.
    pub migrate_to: Option<i64>,
}

/// The result of a method.
pub(super) type Outcome = Result<Value, Refusal>;

impl Refusal {
    pub(super) fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), retry_after: None, migrate_to: None }
    }

    /// Returns a 400 that begins with "Bad Request".
    pub(super) fn bad(reason: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", reason.as_ref()))
    }

    /// Returns a 403 that begins with "Forbidden".
    pub(super) fn forbidden(reason: &str) -> Self {
        Self::new(403, format!("Forbidden: {reason}"))
    }

    /// Returns a 409 that begins with "Conflict".
    pub(super) fn conflict(reason: &str) -> Self {
        Self::new(409, format!("Conflict: {reason}"))
    }

    /// Returns the refusal of formatting that cannot be parsed.
    pub(super) fn entities(reason: impl AsRef<str>) -> Self {
        Self::bad(format!("can't parse entities: {}", reason.as_ref()))
    }

    /// Returns a 429 with the seconds to wait.
    pub(super) fn flood(retry_after_s: u64) -> Self {
        Self {
            code: 429,
            description: format!("Too Many Requests: retry after {retry_after_s}"),
            retry_after: Some(retry_after_s),
            migrate_to: None,
        }
    }

    /// Returns the refusal of a call for a group that has become a supergroup.
    pub(super) fn upgraded(to: i64) -> Self {
        Self { migrate_to: Some(to), ..Self::bad("group chat was upgraded to a supergroup chat") }
    }

    /// Returns the body of the HTTP response.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(seconds) = self.retry_after {
            body["parameters"] = json!({"retry_after": seconds});
        }
        if let Some(chat) = self.migrate_to {
            body["parameters"] = json!({"migrate_to_chat_id": chat});
        }
        body
    }
}
