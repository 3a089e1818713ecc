//! Methods for topics and for the rights to manage them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Method;
use crate::domain::ids::{ChatId, TopicId, UserId};

/// Requests a person's membership in a chat.
#[derive(Serialize, Debug)]
pub(crate) struct GetChatMember {
    /// The chat.
    pub chat_id: ChatId,
    /// The person.
    pub user_id: UserId,
}

impl Method for GetChatMember {
    const NAME: &'static str = "getChatMember";
    type Response = ChatMember;

    /// A person waits for the result.
    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }
}

/// A person's membership in a chat.
#[derive(Deserialize, Debug)]
pub(crate) struct ChatMember {
    status: String,
    #[serde(default)]
    can_manage_topics: bool,
    #[serde(default)]
    can_delete_messages: bool,
}

impl ChatMember {
    /// Returns whether the person administers the chat.
    pub(crate) fn is_administrator(&self) -> bool {
        matches!(self.status.as_str(), "creator" | "administrator")
    }

    /// Returns whether the person may rename topics of others.
    pub(crate) fn may_rename_topics(&self) -> bool {
        match self.status.as_str() {
            "creator" => true,
            "administrator" => self.can_manage_topics,
            _ => false,
        }
    }

    /// Returns whether the person may delete topics with all messages in them.
    pub(crate) fn may_delete_topics(&self) -> bool {
        match self.status.as_str() {
            "creator" => true,
            "administrator" => self.can_manage_topics && self.can_delete_messages,
            _ => false,
        }
    }
}

/// Changes the name and the icon of a topic.
#[derive(Serialize, Debug)]
pub(crate) struct EditForumTopic<'a> {
    /// The chat.
    pub chat_id: ChatId,
    /// The topic; not the General topic of a forum.
    pub message_thread_id: TopicId,
    /// 1 to 128 characters.
    pub name: &'a str,
    /// The icon, one of [`GetForumTopicIconStickers`]; `None` keeps the present one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_custom_emoji_id: Option<&'a str>,
}
method!("editForumTopic", EditForumTopic<'_> => bool);

/// Requests the icons that any bot may give to topics.
#[derive(Serialize, Debug)]
pub(crate) struct GetForumTopicIconStickers {}
method!("getForumTopicIconStickers", GetForumTopicIconStickers => Vec<IconSticker>);

/// An icon for topics.
#[derive(Deserialize, Debug)]
pub(crate) struct IconSticker {
    /// The emoji that it shows.
    #[serde(default)]
    pub emoji: Option<String>,
    /// Its id.
    #[serde(default)]
    pub custom_emoji_id: Option<String>,
}

/// Deletes a topic with all messages in it.
#[derive(Serialize, Debug)]
pub(crate) struct DeleteForumTopic {
    /// The chat.
    pub chat_id: ChatId,
    /// The topic.
    pub message_thread_id: TopicId,
}
method!("deleteForumTopic", DeleteForumTopic => bool);
