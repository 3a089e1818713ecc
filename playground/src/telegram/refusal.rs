//! Refusals in the words of the Bot API.

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

/// What a method gives back.
pub(super) type Outcome = Result<Value, Refusal>;

impl Refusal {
    pub(super) fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), retry_after: None, migrate_to: None }
    }

    /// 400 with the usual beginning.
    pub(super) fn bad(reason: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", reason.as_ref()))
    }

    /// 403 with the usual beginning.
    pub(super) fn forbidden(reason: &str) -> Self {
        Self::new(403, format!("Forbidden: {reason}"))
    }

    /// 409 with the usual beginning.
    pub(super) fn conflict(reason: &str) -> Self {
        Self::new(409, format!("Conflict: {reason}"))
    }

    /// Formatting that cannot be read.
    pub(super) fn entities(reason: impl AsRef<str>) -> Self {
        Self::bad(format!("can't parse entities: {}", reason.as_ref()))
    }

    /// 429 with the time to wait.
    pub(super) fn flood(retry_after_s: u64) -> Self {
        Self {
            code: 429,
            description: format!("Too Many Requests: retry after {retry_after_s}"),
            retry_after: Some(retry_after_s),
            migrate_to: None,
        }
    }

    /// The group has become a supergroup.
    pub(super) fn upgraded(to: i64) -> Self {
        Self { migrate_to: Some(to), ..Self::bad("group chat was upgraded to a supergroup chat") }
    }

    /// The body that goes over the wire.
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
