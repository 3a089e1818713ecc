//! Which messages are for the bot, and in whose conversation they stand.

use serde_json::json;

use super::super::*;
use super::{MOST, group, me, mention, private, prompt, read_message};
use crate::domain::ids::{ChatId, MessageId, OwnerId, TopicId};

#[test]
fn a_text_in_a_private_chat_is_a_prompt() {
    let incoming = prompt(read_message(&private(&json!({"text": "hi"}))));
    assert_eq!(incoming.key, ThreadKey { chat: ChatId(42), owner: OwnerId(42), topic: None });
    assert_eq!(
        (incoming.text.as_str(), incoming.message, incoming.update),
        ("hi", MessageId(5), UpdateId(9))
    );
    assert_eq!(incoming.sender.display_name(), "@ann");
}

#[test]
fn in_groups_the_bot_answers_when_it_is_spoken_to() {
    let mention = json!([{"type": "mention", "offset": 0, "length": 13}]);
    let ours = json!({"message_id": 3, "date": 1, "chat": {"id": -100, "type": "supergroup", "title": "Friends"},
        "from": {"id": 7, "is_bot": true, "first_name": "Starling"}, "text": "An answer"});
    for (fields, answered) in [
        (json!({"text": "hello everybody"}), false),
        (json!({"text": "@starling_bot hello", "entities": mention}), true),
        (json!({"text": "@somebody_els hello", "entities": mention}), false),
        (json!({"text": "and why?", "reply_to_message": ours}), true),
    ] {
        let is_prompt = matches!(read_message(&group(&fields)), Inbound::Prompt(_));
        assert_eq!(is_prompt, answered, "{fields}");
    }
}

#[test]
fn where_every_message_is_answered_what_is_for_others_is_not() {
    let sticker = json!({"file_id": "s", "file_unique_id": "u", "type": "regular", "is_animated": true});
    for (fields, answered) in [
        (json!({"text": "hello everybody"}), true),
        (json!({"photo": [{"file_id": "p", "file_unique_id": "u", "width": 9, "height": 9}]}), true),
        (json!({"text": "/roll 6"}), false),
        (json!({"text": "/help@other_bot"}), false),
        (json!({"text": "  "}), false),
        (json!({"hologram": {"file_id": "h"}}), false),
        (json!({"new_chat_title": "x"}), false),
        (json!({"sticker": sticker}), false),
    ] {
        let update = json!({"update_id": 9, "message": group(&fields)}).to_string();
        let heard = |all| read(Update::read(&update).unwrap(), &me(), MOST, all, DateTime::UNIX_EPOCH);
        assert_eq!(matches!(heard(true), Inbound::Prompt(_)), answered, "{fields}");
        assert!(matches!(heard(false), Inbound::Ignored(..)), "{fields}");
    }
}

#[test]
fn senders_without_an_account_are_strangers_if_they_ask() {
    let bot = json!({"id": 1, "is_bot": true, "first_name": "Bot"});
    let itself = json!({"id": -100, "type": "supergroup", "title": "Friends"});
    let channel = json!({"id": -5, "type": "channel", "title": "News"});
    for (fields, all, kind) in [
        (json!({"text": "/help", "from": bot, "sender_chat": itself}), false, Some(StrangerKind::Anonymous)),
        (json!({"text": "/help", "from": bot, "sender_chat": channel}), false, Some(StrangerKind::Channel)),
        (json!({"text": "/help", "from": bot}), false, Some(StrangerKind::Bot)),
        (json!({"text": "hello", "from": bot, "sender_chat": itself}), false, None),
        (json!({"text": "hello", "from": bot, "sender_chat": itself}), true, Some(StrangerKind::Anonymous)),
        // Bots are not answered for what they say to others, and posts of the group's channel ask nobody.
        (json!({"text": "hello", "from": bot}), true, None),
        (json!({"text": "/help", "sender_chat": channel, "is_automatic_forward": true}), true, None),
    ] {
        let update = json!({"update_id": 9, "message": group(&fields)}).to_string();
        let found = match read(Update::read(&update).unwrap(), &me(), MOST, all, DateTime::UNIX_EPOCH) {
            Inbound::Stranger(stranger) => Some(stranger.kind),
            Inbound::Ignored(..) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(found, kind, "{fields}");
    }
}

#[test]
fn a_topic_counts_only_in_forums() {
    let mention = json!([{"type": "mention", "offset": 0, "length": 13}]);
    let text = "@starling_bot hello";
    let in_topic =
        json!({"text": text, "entities": mention, "message_thread_id": 8, "is_topic_message": true});
    assert_eq!(prompt(read_message(&group(&in_topic))).key.topic, Some(TopicId(8)));
    let in_chain = json!({"text": text, "entities": mention, "message_thread_id": 8});
    assert_eq!(prompt(read_message(&group(&in_chain))).key.topic, None);
}

#[test]
fn channels_bots_and_service_messages_are_ignored() {
    let channel = json!({"id": -5, "type": "channel", "title": "News"});
    for message in [
        private(&json!({"text": "x", "from": {"id": 1, "is_bot": true, "first_name": "Bot"}})),
        group(&json!({"text": "x", "sender_chat": channel})),
        private(&json!({"new_chat_title": "x"})),
        private(&json!({"text": "  "})),
    ] {
        assert!(matches!(read_message(&message), Inbound::Ignored(..)), "{message}");
    }
}

#[test]
fn the_bot_is_mentioned_by_name_or_by_its_id_wherever_the_mention_stands() {
    let link = |id: i64| json!([{"type": "text_mention", "offset": 3, "length": 5, "user": {"id": id}}]);
    for (fields, addressed) in [
        (json!({"text": "😀 @starling_bot", "entities": mention(3, 13)}), true),
        (json!({"text": "😀 @starling_bot", "entities": mention(2, 13)}), false),
        (json!({"text": "\u{0}😀@starling_bot", "entities": mention(3, 13)}), true),
        (json!({"text": "hi robot", "entities": link(7)}), true),
        (json!({"text": "hi robot", "entities": link(8)}), false),
        (json!({"text": "hi @starling_bot", "entities": 5}), false),
        (
            json!({"text": "hi @starling_bot", "entities": [7, {"type": "of_tomorrow"}, mention(3, 13)[0]]}),
            true,
        ),
    ] {
        let found = read_message(&group(&fields));
        assert_eq!(matches!(found, Inbound::Prompt(_)), addressed, "{fields}: {found:?}");
    }
}
