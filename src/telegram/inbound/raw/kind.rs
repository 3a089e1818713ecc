//! The kinds of message, each recognised by a field of `Message`. The names are those of the Bot API and of
//! the metric `bot_messages_unread_total`.

use super::fields::Fields;
use crate::domain::file::FileKind;

/// The kind of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kind {
    /// The field that marks the kind, or a name of our own.
    pub name: &'static str,
    pub class: Class,
}

/// How the bot treats a kind of message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// Words.
    Text,
    /// A file.
    File(FileKind),
    /// Other content from a person, to be answered.
    Content,
    /// A service message, which needs no answer.
    Service,
}

/// A message without any content, whose kind the Bot API server itself does not know.
pub(crate) const EMPTY: Kind = Kind { name: "empty", class: Class::Content };
/// A story, to which a message may reply.
pub(crate) const STORY: Kind = Kind { name: "story", class: Class::Content };
/// A message of an unknown kind.
pub(crate) const OTHER: Kind = Kind { name: "other", class: Class::Content };

const fn kind(name: &'static str, class: Class) -> Kind {
    Kind { name, class }
}

/// All kinds. If a message has several of these fields, the first one counts: an animation is also sent as a
/// document, and a venue as a location.
pub(crate) const KINDS: &[Kind] = &[
    kind("text", Class::Text),
    kind("rich_message", Class::Text),
    kind("animation", Class::File(FileKind::Animation)),
    kind("photo", Class::File(FileKind::Photo)),
    kind("live_photo", Class::File(FileKind::Video)),
    kind("document", Class::File(FileKind::Document)),
    kind("audio", Class::File(FileKind::Audio)),
    kind("video", Class::File(FileKind::Video)),
    kind("video_note", Class::File(FileKind::VideoNote)),
    kind("voice", Class::File(FileKind::Voice)),
    kind("sticker", Class::File(FileKind::Sticker)),
    kind("paid_media", Class::Content),
    STORY,
    kind("checklist", Class::Content),
    kind("contact", Class::Content),
    kind("dice", Class::Content),
    kind("game", Class::Content),
    kind("poll", Class::Content),
    kind("venue", Class::Content),
    kind("location", Class::Content),
    kind("invoice", Class::Content),
    kind("giveaway", Class::Content),
    kind("giveaway_winners", Class::Content),
    kind("gift", Class::Content),
    kind("unique_gift", Class::Content),
    kind("passport_data", Class::Content),
    kind("successful_payment", Class::Service),
    kind("refunded_payment", Class::Service),
    kind("migrate_to_chat_id", Class::Service),
    kind("migrate_from_chat_id", Class::Service),
    kind("pinned_message", Class::Service),
    kind("new_chat_members", Class::Service),
    kind("left_chat_member", Class::Service),
    kind("chat_owner_left", Class::Service),
    kind("chat_owner_changed", Class::Service),
    kind("new_chat_title", Class::Service),
    kind("new_chat_photo", Class::Service),
    kind("delete_chat_photo", Class::Service),
    kind("group_chat_created", Class::Service),
    kind("supergroup_chat_created", Class::Service),
    kind("channel_chat_created", Class::Service),
    kind("message_auto_delete_timer_changed", Class::Service),
    kind("users_shared", Class::Service),
    kind("user_shared", Class::Service),
    kind("chat_shared", Class::Service),
    kind("gift_upgrade_sent", Class::Service),
    kind("connected_website", Class::Service),
    kind("write_access_allowed", Class::Service),
    kind("proximity_alert_triggered", Class::Service),
    kind("boost_added", Class::Service),
    kind("chat_background_set", Class::Service),
    kind("checklist_tasks_done", Class::Service),
    kind("checklist_tasks_added", Class::Service),
    kind("direct_message_price_changed", Class::Service),
    kind("forum_topic_created", Class::Service),
    kind("forum_topic_edited", Class::Service),
    kind("forum_topic_closed", Class::Service),
    kind("forum_topic_reopened", Class::Service),
    kind("general_forum_topic_hidden", Class::Service),
    kind("general_forum_topic_unhidden", Class::Service),
    kind("giveaway_created", Class::Service),
    kind("giveaway_completed", Class::Service),
    kind("managed_bot_created", Class::Service),
    kind("paid_message_price_changed", Class::Service),
    kind("poll_option_added", Class::Service),
    kind("poll_option_deleted", Class::Service),
    kind("suggested_post_approved", Class::Service),
    kind("suggested_post_approval_failed", Class::Service),
    kind("suggested_post_declined", Class::Service),
    kind("suggested_post_paid", Class::Service),
    kind("suggested_post_refunded", Class::Service),
    kind("video_chat_scheduled", Class::Service),
    kind("video_chat_started", Class::Service),
    kind("video_chat_ended", Class::Service),
    kind("video_chat_participants_invited", Class::Service),
    kind("web_app_data", Class::Service),
    kind("community_chat_added", Class::Service),
    kind("community_chat_removed", Class::Service),
    kind("community_chat_joined", Class::Service),
];

/// Fields that a message of any kind may have. A field that is neither here nor above is newer than this
/// list.
pub(crate) const ENVELOPE: &[&str] = &[
    "message_id",
    "date",
    "chat",
    "message_thread_id",
    "direct_messages_topic",
    "from",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "sender_tag",
    "guest_query_id",
    "business_connection_id",
    "forward_origin",
    "is_topic_message",
    "is_automatic_forward",
    "reply_to_message",
    "external_reply",
    "quote",
    "reply_to_story",
    "reply_to_checklist_task_id",
    "reply_to_poll_option_id",
    "via_bot",
    "guest_bot_caller_user",
    "guest_bot_caller_chat",
    "edit_date",
    "has_protected_content",
    "is_from_offline",
    "is_paid_post",
    "media_group_id",
    "author_signature",
    "paid_star_count",
    "entities",
    "link_preview_options",
    "suggested_post_info",
    "effect_id",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "reply_markup",
    "receiver_user",
    "ephemeral_message_id",
    "forward_date",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_sender_name",
    "forward_signature",
    // These duplicate newer fields.
    "new_chat_participant",
    "new_chat_member",
    "left_chat_participant",
];

/// Returns the kind of a message, or of a replied message in another chat.
pub(crate) fn of(message: &Fields<'_>) -> Kind {
    let known = KINDS.iter().copied().find(|kind| message.has(kind.name));
    known.unwrap_or_else(|| {
        let of_tomorrow = message.names().any(|name| !is_known(name) && message.has(name));
        if of_tomorrow { OTHER } else { EMPTY }
    })
}

/// Returns whether a field of a message is in one of the tables.
pub(crate) fn is_known(field: &str) -> bool {
    ENVELOPE.contains(&field) || KINDS.iter().any(|kind| kind.name == field)
}
