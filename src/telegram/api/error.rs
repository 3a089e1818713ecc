//! What the Bot API says instead of a result, sorted by what the caller does next.

use std::time::Duration;

use crate::domain::ids::ChatId;

/// A call without a result.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Too many calls: nothing may be called before this has passed.
    #[error("flood limit, wait {} s", .0.as_secs())]
    Flood(Duration),
    /// The message shows that already: as good as success.
    #[error("the message is not modified")]
    NotModified,
    /// The message to change does not exist (any more).
    #[error("the message is gone: {0}")]
    MessageGone(String),
    /// The topic does not exist (any more).
    #[error("the topic is gone")]
    TopicGone,
    /// The person has blocked the bot or is gone.
    #[error("the person does not take messages: {0}")]
    Blocked(String),
    /// The chat can not be written to: kicked, never started, gone.
    #[error("the chat is closed to us: {0}")]
    Closed(String),
    /// The group has become another chat.
    #[error("the chat is now {0}")]
    Migrated(ChatId),
    /// Somebody else fetches this bot's updates, or a webhook is set.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The token is wrong.
    #[error("the token is not accepted: {0}")]
    Unauthorized(String),
    /// The call itself is wrong.
    #[error("refused with {code}: {description}")]
    Refused {
        /// Telegram's code.
        code: u16,
        /// Telegram's sentence.
        description: String,
    },
    /// Telegram failed; the call may have had its effect.
    #[error("the Bot API failed with {0}")]
    Server(u16),
    /// No connection could be opened: the call had no effect.
    #[error("the Bot API cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke: the call may have had its effect.
    #[error("the connection to the Bot API broke")]
    Broken(#[source] reqwest::Error),
}

impl ApiError {
    /// Sorts an error by its code and sentence; sentences are matched in part, because they grow tails.
    pub(super) fn classify(
        code: u16,
        description: &str,
        retry_after: Option<u64>,
        migrated: Option<i64>,
    ) -> Self {
        if let Some(chat) = migrated {
            return Self::Migrated(ChatId(chat));
        }
        let says = |part: &str| description.contains(part);
        let description = || description.to_owned();
        match code {
            429 => Self::Flood(Duration::from_secs(retry_after.unwrap_or(5))),
            401 | 404 if !says("chat") && !says("method not found") => Self::Unauthorized(description()),
            403 if says("bot was blocked by the user") || says("user is deactivated") => {
                Self::Blocked(description())
            }
            403 => Self::Closed(description()),
            409 => Self::Conflict(description()),
            400 if says("message is not modified") => Self::NotModified,
            400 if says("message to edit not found")
                || says("message can't be edited")
                || says("MESSAGE_ID_INVALID") =>
            {
                Self::MessageGone(description())
            }
            400 if says("message thread not found")
                || says("TOPIC_DELETED")
                || says("TOPIC_CLOSED")
                || says("TOPIC_ID_INVALID") =>
            {
                Self::TopicGone
            }
            400 if says("chat not found") || says("PEER_ID_INVALID") || says("user not found") => {
                Self::Closed(description())
            }
            500..=599 => Self::Server(code),
            _ => Self::Refused { code, description: description() },
        }
    }

    pub(super) fn network(error: reqwest::Error) -> Self {
        // The address contains the token.
        let error = error.without_url();
        if error.is_connect() { Self::Unreachable(error) } else { Self::Broken(error) }
    }

    /// Whether the bot lacks a right in the chat, so that the same is refused for whatever else is there.
    pub fn is_lack_of_rights(&self) -> bool {
        match self {
            Self::Refused { description, .. } | Self::Closed(description) => {
                description.contains("not enough rights") || description.contains("CHAT_ADMIN_REQUIRED")
            }
            _ => false,
        }
    }

    /// Whether the call may have had its effect although it has no result.
    pub fn is_doubtful(&self) -> bool {
        matches!(self, Self::Server(_) | Self::Broken(_))
    }

    /// Whether a file is larger than what is handed out.
    pub fn is_too_big(&self) -> bool {
        match self {
            Self::Refused { code, description } => *code == 413 || description.contains("file is too big"),
            _ => false,
        }
    }

    /// Whether the same call may work in a moment.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Flood(_)
            | Self::Server(_)
            | Self::Unreachable(_)
            | Self::Broken(_)
            // These two are healed by the operator, and then everything that waits must go out.
            | Self::Conflict(_)
            | Self::Unauthorized(_) => true,
            Self::NotModified
            | Self::MessageGone(_)
            | Self::TopicGone
            | Self::Blocked(_)
            | Self::Closed(_)
            | Self::Migrated(_)
            | Self::Refused { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_telegram_are_understood() {
        for (code, description, expected) in [
            (400, "Bad Request: message is not modified: specified new message content ...", "NotModified"),
            (400, "Bad Request: message to edit not found", "MessageGone"),
            (400, "Bad Request: message thread not found", "TopicGone"),
            (400, "Bad Request: TOPIC_ID_INVALID", "TopicGone"),
            (400, "Bad Request: not enough rights to delete the topic", "Refused"),
            (400, "Bad Request: chat not found", "Closed"),
            (400, "Bad Request: message is too long", "Refused"),
            (401, "Unauthorized", "Unauthorized"),
            (404, "Not Found", "Unauthorized"),
            (404, "Not Found: method not found", "Refused"),
            (403, "Forbidden: bot was blocked by the user", "Blocked"),
            (403, "Forbidden: user is deactivated", "Blocked"),
            (403, "Forbidden: bot was kicked from the supergroup chat", "Closed"),
            (409, "Conflict: terminated by other getUpdates request", "Conflict"),
            (429, "Too Many Requests: retry after 7", "Flood"),
            (502, "Bad Gateway", "Server"),
        ] {
            let error = ApiError::classify(code, description, Some(7), None);
            assert!(format!("{error:?}").starts_with(expected), "{description}: {error:?}");
        }
        let moved = ApiError::classify(400, "group chat was upgraded", None, Some(-100));
        assert!(matches!(moved, ApiError::Migrated(ChatId(-100))));
    }
}
