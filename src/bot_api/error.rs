//! Errors of the Bot API, classified by what the caller does next.

use std::time::Duration;

use crate::domain::ids::ChatId;

/// How long a penalty lasts if Telegram does not say it, as for downloads.
pub(super) const FLOOD_WAIT: Duration = Duration::from_secs(5);

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// Too many calls: the chat accepts none before this time has passed.
    #[error("flood limit, wait {} s", .0.as_secs())]
    Flood(Duration),
    /// The message already has this content, or the topic this name: as good as success.
    #[error("the message is not modified")]
    NotModified,
    /// The message to change does not exist, or no longer exists.
    #[error("the message is gone: {0}")]
    MessageGone(String),
    /// The topic does not exist, or no longer exists.
    #[error("the topic is gone")]
    TopicGone,
    /// The person has blocked the bot or deleted the account.
    #[error("the person does not take messages: {0}")]
    Blocked(String),
    /// The chat accepts no message in any form: the bot was kicked or never started, or the chat is gone.
    #[error("the chat is closed to us: {0}")]
    Closed(String),
    /// The group was upgraded to another chat.
    #[error("the chat is now {0}")]
    Migrated(ChatId),
    /// Another process fetches this bot's updates, or a webhook is set.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The token is invalid.
    #[error("the token is not accepted: {0}")]
    Unauthorized(String),
    /// The call is invalid, as a whole or in the part that [`ApiError::blames`] names.
    #[error("refused with {code}: {description}")]
    Refused {
        /// Telegram's error code.
        code: u16,
        /// Telegram's description.
        description: String,
    },
    /// Telegram failed; the call may have taken effect.
    #[error("the Bot API failed with {0}")]
    Server(u16),
    /// The response is not one of the Bot API, but no failure either; the call may have taken effect.
    #[error("the answer of the Bot API cannot be read ({0})")]
    Unreadable(u16),
    /// This instance has sent no heartbeat for too long, so the call was not made.
    #[error("not called: no heartbeat has arrived for too long")]
    Fenced,
    /// No connection could be opened: the call had no effect.
    #[error("the Bot API cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke: the call may have taken effect.
    #[error("the connection to the Bot API broke")]
    Broken(#[source] reqwest::Error),
}

/// A part of a call that can be left out or shortened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// The formatting.
    Entities,
    /// The buttons.
    Keyboard,
    /// The message that it replies to.
    Reply,
    /// The message that it edits.
    Edited,
    /// The topic, or the bot's rights in it.
    Topic,
    /// The length of the text.
    Length,
}

/// Phrases that name a part of the call, in lower case. The first match counts, because the markup and the
/// entities have length limits too.
const BLAMED: &[(Part, &[&str])] = &[
    (Part::Keyboard, &["button", "keyboard", "reply_markup", "reply markup"]),
    (Part::Entities, &["entit", "url", "custom_emoji", "document_invalid"]),
    (Part::Reply, &["replied", "reply", "quote"]),
    (Part::Topic, &["topic", "thread", "rights", "write_forbidden", "plain_forbidden"]),
    (Part::Length, &["too long", "too_long"]),
    (Part::Edited, &["edit", "message_id", "message identifier", "no text in the message", "message_author"]),
];

/// Phrases for a person who accepts no messages.
const BLOCKED: &[&str] =
    &["bot was blocked by the user", "user is deactivated", "USER_IS_BLOCKED", "INPUT_USER_DEACTIVATED"];

/// Phrases for a chat that cannot be written to.
const CLOSED: &[&str] = &[
    "bot was kicked",
    "not a member",
    "not a participant",
    "can't initiate conversation",
    "can't send messages to bots",
    "can't send messages to the user",
    "chat not found",
    "chat was deleted",
    "chat was deactivated",
    "user not found",
    "PEER_ID_INVALID",
    "CHANNEL_PRIVATE",
    "CHAT_FORBIDDEN",
];

impl ApiError {
    /// Classifies an error by its code and description. Descriptions are matched in part, because Telegram
    /// extends them.
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
            429 => Self::Flood(retry_after.map_or(FLOOD_WAIT, Duration::from_secs)),
            401 | 404 if !says("chat") && !says("method not found") => Self::Unauthorized(description()),
            400 | 403 if BLOCKED.iter().any(|sign| says(sign)) => Self::Blocked(description()),
            400 | 403 if CLOSED.iter().any(|sign| says(sign)) => Self::Closed(description()),
            409 => Self::Conflict(description()),
            400 if says("message is not modified") || says("TOPIC_NOT_MODIFIED") => Self::NotModified,
            400 if says("message to edit not found")
                || says("message can't be edited")
                || (says("MESSAGE_ID_INVALID") && !says("REPLY_MESSAGE_ID_INVALID")) =>
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
            // The message was sent, and the group's administrators have it deleted: it must not be sent
            // again.
            500 if says("immediately deleted") => Self::Refused { code, description: description() },
            408 | 500..=599 => Self::Server(code),
            ..400 => Self::Unreadable(code),
            _ => Self::Refused { code, description: description() },
        }
    }

    pub(super) fn network(error: reqwest::Error) -> Self {
        // The address contains the token.
        let error = error.without_url();
        if error.is_connect() { Self::Unreachable(error) } else { Self::Broken(error) }
    }

    /// Returns whether the bot lacks a right in the chat, so that every similar call is refused too.
    pub(crate) fn is_lack_of_rights(&self) -> bool {
        match self {
            Self::Refused { description, .. } | Self::Closed(description) => {
                const SIGNS: [&str; 5] = [
                    "not enough rights",
                    "no rights",
                    "CHAT_ADMIN_REQUIRED",
                    "WRITE_FORBIDDEN",
                    "CHAT_RESTRICTED",
                ];
                SIGNS.iter().any(|sign| description.contains(sign))
            }
            _ => false,
        }
    }

    /// Returns the part of the call that a refusal is about, if it names one.
    pub(crate) fn blames(&self) -> Option<Part> {
        match self {
            Self::MessageGone(_) => Some(Part::Edited),
            Self::TopicGone => Some(Part::Topic),
            Self::Refused { code: 413, .. } => Some(Part::Length),
            Self::Refused { description, .. } => {
                let sentence = description.to_lowercase();
                let said = |signs: &[&str]| signs.iter().any(|sign| sentence.contains(sign));
                BLAMED.iter().find(|(_, signs)| said(signs)).map(|&(part, _)| part)
            }
            _ => None,
        }
    }

    /// Returns whether writing is impossible because of an action by the person or the group's
    /// administrators. That includes `TopicGone`: a closed general topic gives this error to messages outside all
    /// topics.
    pub(crate) fn is_shut_out(&self) -> bool {
        matches!(self, Self::Blocked(_) | Self::Closed(_) | Self::TopicGone) || self.is_lack_of_rights()
    }

    /// Returns whether a file exceeds Telegram's limit for downloads, or ours.
    pub(crate) fn is_too_big(&self) -> bool {
        match self {
            Self::Refused { code, description } => *code == 413 || description.contains("file is too big"),
            _ => false,
        }
    }

    /// Returns whether the call may have taken effect although its result is not known.
    pub(crate) fn is_of_unknown_effect(&self) -> bool {
        matches!(self, Self::Server(_) | Self::Unreadable(_) | Self::Broken(_))
    }

    /// Returns whether the message that was to be copied does not exist any more.
    pub(crate) fn is_original_gone(&self) -> bool {
        match self {
            Self::MessageGone(_) => true,
            Self::Refused { description, .. } => description.contains("message to copy not found"),
            _ => false,
        }
    }

    /// Returns whether the same call may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Flood(_)
            | Self::Server(_)
            | Self::Unreadable(_)
            | Self::Unreachable(_)
            | Self::Broken(_)
            | Self::Fenced
            // The operator can fix these two, and then everything that waits must be sent.
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
impl ApiError {
    /// Classifies a code and a description, for tests.
    pub(crate) fn classified_for_tests(code: u16, description: &str) -> Self {
        Self::classify(code, description, None, None)
    }

    /// Returns the error of a connection that broke.
    pub(crate) fn broken_for_tests() -> Self {
        Self::Broken(Self::some_failure())
    }

    /// Returns the error of a connection that could not be opened.
    pub(crate) fn unreachable_for_tests() -> Self {
        Self::Unreachable(Self::some_failure())
    }

    /// The library cannot construct errors on request, so this is the error of an invalid address.
    fn some_failure() -> reqwest::Error {
        let call =
            crate::http::client(Duration::from_secs(1)).and_then(|http| http.get("no address").build());
        match call {
            Ok(_) => unreachable!("this is no address"),
            Err(error) => error,
        }
    }
}

#[cfg(test)]
mod tests;
