//! Updates as Telegram sends them, read as the bot understands them.

use serde_json::{Value, json};

use super::*;
use crate::domain::file::FileKind;

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
}

fn file(fields: &Value) -> Value {
    let mut file = json!({"file_id": "f", "file_unique_id": "AQADunique", "file_size": 1_000});
    file.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    file
}

#[test]
fn files_have_a_kind_a_name_and_a_type() {
    let photo = json!([
        file(&json!({"width": 90, "height": 60})),
        file(&json!({"file_id": "large", "width": 1280, "height": 853})),
        file(&json!({"width": 320, "height": 213}))
    ]);
    for (field, object, kind, name, mime) in [
        ("photo", photo, FileKind::Photo, "photo_AQADuniq.jpg", "image/jpeg"),
        ("document", file(&json!({"file_name": "a.pdf"})), FileKind::Document, "a.pdf", "application/pdf"),
        (
            "document",
            file(&json!({"file_name": "a.csv", "mime_type": "application/octet-stream"})),
            FileKind::Document,
            "a.csv",
            "text/csv",
        ),
        (
            "document",
            file(&json!({})),
            FileKind::Document,
            "document_AQADuniq.bin",
            "application/octet-stream",
        ),
        (
            "voice",
            file(&json!({"duration": 1, "mime_type": "audio/ogg"})),
            FileKind::Voice,
            "voice_AQADuniq.ogg",
            "audio/ogg",
        ),
    ] {
        let mut fields = json!({"caption": "look"});
        fields[field] = object;
        let Inbound::Prompt(incoming) = read_message(&private(&fields)) else {
            panic!("{fields} is no prompt")
        };
        let attachment = incoming.attachment.unwrap();
        assert_eq!((attachment.kind, attachment.name.as_str(), attachment.mime.as_str()), (kind, name, mime));
        assert_eq!(incoming.text, "look");
        assert_eq!(attachment.size, Some(1_000));
        assert_eq!(attachment.telegram_id == "large", kind == FileKind::Photo, "the largest size is taken");
    }
}

#[test]
fn a_file_without_words_is_a_prompt_only_if_it_can_be_read() {
    let unreadable = |document: Value| match read_message(&private(&json!({"document": document}))) {
        Inbound::Unreadable(_, why) => Some(why),
        Inbound::Prompt(incoming) if incoming.text.is_empty() => None,
        other => panic!("{other:?}"),
    };
    let pdf = |size: u64| file(&json!({"file_name": "a.pdf", "file_size": size}));
    assert_eq!(unreadable(pdf(1_000)), None);
    assert_eq!(unreadable(pdf(20 * 1024 * 1024)), None);
    assert!(matches!(unreadable(pdf(20 * 1024 * 1024 + 1)), Some(Unreadable::TooLarge { .. })));
    assert_eq!(unreadable(file(&json!({"file_name": "a.zip"}))), Some(Unreadable::Kind));
    assert_eq!(unreadable(pdf(0)), Some(Unreadable::Empty));
    let sticker =
        json!({"type": "regular", "width": 512, "height": 512, "is_animated": false, "is_video": false});
    // Neither can have a caption.
    for fields in [
        json!({"sticker": file(&sticker)}),
        json!({"video_note": file(&json!({"duration": 1, "length": 9}))}),
    ] {
        let found = read_message(&private(&fields));
        assert!(matches!(found, Inbound::Unreadable(_, Unreadable::Kind)), "{found:?}");
    }
    let contact = json!({"contact": {"phone_number": "1", "first_name": "Bob"}});
    assert!(matches!(read_message(&private(&contact)), Inbound::Unreadable(_, Unreadable::Kind)));
}

#[test]
fn a_caption_names_the_bot_in_a_group_for_the_whole_album() {
    let photo = json!([file(&json!({"width": 1, "height": 1}))]);
    let named = json!({"photo": photo, "media_group_id": "1", "caption": "@starling_bot compare",
        "caption_entities": [{"type": "mention", "offset": 0, "length": 13}]});
    let named = prompt(read_message(&group(&named)));
    let Inbound::Sibling(other) = read_message(&group(&json!({"photo": photo, "media_group_id": "1"})))
    else {
        panic!("the second part is no sibling");
    };
    assert_eq!((named.album.as_deref(), other.album), (Some("1"), named.album.clone()));
    assert_eq!(read_message(&group(&json!({"photo": photo}))), Inbound::Ignored);
}

#[test]
fn a_changed_caption_is_an_edit() {
    let photo = json!([file(&json!({"width": 1, "height": 1}))]);
    for (fields, text) in [(json!({"photo": photo, "caption": "new"}), "new"), (json!({"photo": photo}), "")]
    {
        let update = json!({"update_id": 9, "edited_message": private(&fields)});
        let Inbound::Edited(edit) = read(serde_json::from_str(&update.to_string()).unwrap(), &me()) else {
            panic!("no edit");
        };
        assert_eq!(edit.text, text);
    }
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
    assert_eq!((reply.message, reply.sender.as_str()), (Some(MessageId(4)), "@ann"));
    assert_eq!(reply.text, "x".repeat(201));
}
