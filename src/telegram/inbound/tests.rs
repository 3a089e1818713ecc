//! Updates as Telegram sends them, read as the bot understands them.

use serde_json::{Value, json};

use super::*;

fn me() -> Me {
    Me { id: 7, username: "starling_bot".into() }
}

fn private(fields: &Value) -> Value {
    let mut message = json!({
        "message_id": 5, "date": 1_795_000_000,
        "chat": {"id": 42, "type": "private", "first_name": "Ann"},
        "from": {"id": 42, "is_bot": false, "first_name": "Ann", "username": "ann", "language_code": "ru"},
    });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    message
}

fn group(fields: &Value) -> Value {
    let mut message = private(fields);
    message["chat"] = json!({"id": -100, "type": "supergroup", "title": "Friends", "is_forum": true});
    message
}

fn read_message(message: &Value) -> Inbound {
    let update = json!({"update_id": 9, "message": message});
    read(serde_json::from_str(&update.to_string()).unwrap(), &me())
}

fn prompt(inbound: Inbound) -> Incoming {
    match inbound {
        Inbound::Prompt(incoming) => incoming,
        other => panic!("{other:?} is no prompt"),
    }
}

#[test]
fn a_text_in_a_private_chat_is_a_prompt() {
    let incoming = prompt(read_message(&private(&json!({"text": "hi"}))));
    assert_eq!(incoming.key, ThreadKey { chat: ChatId(42), user: UserId(42), topic: None });
    assert_eq!(
        (incoming.text.as_str(), incoming.message, incoming.update),
        ("hi", MessageId(5), UpdateId(9))
    );
    assert_eq!(incoming.sender.display_name(), "@ann");
}

#[test]
fn commands_are_ours_only_with_our_name_or_none() {
    for (text, expected) in [
        ("/start", Some(Command::Start)),
        ("/start@starling_bot deep-link", Some(Command::Start)),
        ("/STOP", None),
        ("/stop", Some(Command::Stop)),
        ("/stop@other_bot", None),
        ("/help@Starling_Bot", Some(Command::Help)),
        ("start", None),
        ("/", None),
    ] {
        let found = match read_message(&private(&json!({"text": text}))) {
            Inbound::Command(command, _) => Some(command),
            _ => None,
        };
        assert_eq!(found, expected, "{text}");
    }
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
        assert_eq!(read_message(&message), Inbound::Ignored, "{message}");
    }
    let photo =
        json!({"photo": [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1, "file_size": 1}]});
    assert!(matches!(read_message(&private(&photo)), Inbound::Unreadable(_)));
}

#[test]
fn marks_of_a_message_are_kept() {
    let replied = private(&json!({"message_id": 4, "text": "x".repeat(201)}));
    let fields = json!({"text": "look", "reply_to_message": replied, "quote": {"text": "xx", "position": 0},
        "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Carl"}});
    let context = prompt(read_message(&private(&fields))).context;
    assert_eq!(context.quote.as_deref(), Some("xx"));
    assert_eq!(context.forwarded_from.as_deref(), Some("Carl"));
    let reply = context.reply.unwrap();
    assert_eq!((reply.message, reply.sender.as_str()), (MessageId(4), "@ann"));
    assert_eq!(reply.snippet, format!("{}…", "x".repeat(200)));
}
