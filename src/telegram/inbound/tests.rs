//! Updates as Telegram sends them, read as the bot understands them.

use serde_json::{Value, json};

use super::*;
use crate::domain::file::FileKind;
use crate::domain::ids::{ChatId, MessageId, OwnerId, TopicId};
use crate::domain::message::Reply;
use crate::telegram::commands::Command;

/// What Telegram's own server hands out.
const MOST: u64 = crate::domain::file::PUBLIC_LIMIT;

fn me() -> Me {
    Me { id: 7, username: "starling_bot".into(), can_read_all_group_messages: true }
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
    read(Update::read(&update.to_string()).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH)
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
    assert_eq!(incoming.key, ThreadKey { chat: ChatId(42), owner: OwnerId(42), topic: None });
    assert_eq!(
        (incoming.text.as_str(), incoming.message, incoming.update),
        ("hi", MessageId(5), UpdateId(9))
    );
    assert_eq!(incoming.sender.display_name(), "@ann");
}

#[test]
fn service_messages_tell_who_named_a_topic() {
    let read_event = |event: Value, sender: i64| {
        let mut message = group(&event);
        (message["message_thread_id"], message["from"]["id"]) = (json!(5), json!(sender));
        match read_message(&message) {
            Inbound::TopicNews(TopicNews { topic, change, .. }) => {
                assert_eq!(topic, Topic { chat: ChatId(-100), id: TopicId(5) });
                Some(change)
            }
            Inbound::Ignored(Idle::Service, _) => None,
            other => panic!("{other:?}"),
        }
    };
    let created = |fields: Value| json!({ "forum_topic_created": fields });
    let edited = |fields: Value| json!({ "forum_topic_edited": fields });
    for (event, sender, change) in [
        (
            created(json!({"name": "a", "is_name_implicit": true})),
            42,
            Some(TopicChange::Created { icon: false }),
        ),
        (
            created(json!({"name": "a", "is_name_implicit": true, "icon_custom_emoji_id": "1"})),
            42,
            Some(TopicChange::Created { icon: true }),
        ),
        (created(json!({"name": "a", "icon_color": 1})), 42, None),
        (created(json!({"name": "a", "is_name_implicit": "yes"})), 42, None),
        (created(json!([])), 42, None),
        (edited(json!({"name": "b"})), 42, Some(TopicChange::Renamed)),
        (edited(json!({"name": "b", "icon_custom_emoji_id": ""})), 42, Some(TopicChange::Renamed)),
        (edited(json!({"icon_custom_emoji_id": ""})), 42, Some(TopicChange::IconChanged)),
        (edited(json!({})), 42, None),
        // Our own change.
        (edited(json!({"name": "b"})), 7, None),
    ] {
        assert_eq!(read_event(event.clone(), sender), change, "{event}");
    }
}

#[test]
fn commands_are_ours_only_with_our_name_or_none() {
    for (text, expected) in [
        ("/start", Some(Command::Start)),
        ("/start@starling_bot deep-link", Some(Command::Start)),
        ("/STOP", Some(Command::Stop)),
        ("/Balance", Some(Command::Balance)),
        ("/balance@someone_else", None),
        ("/home/me@work", None),
        ("/stop!", None),
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
fn whoever_leaves_a_group_is_named() {
    let left = json!({"left_chat_member": {"id": 42, "is_bot": false, "first_name": "Ann"}});
    let gone = Departure { update: UpdateId(9), chat: ChatId(-100), user: UserId(42) };
    assert_eq!(read_message(&group(&left)), Inbound::Left(gone));
    assert!(matches!(read_message(&private(&left)), Inbound::Ignored(Idle::Service, _)));
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
        Inbound::Unreadable(_, why, _) => Some(why),
        Inbound::Prompt(incoming) if incoming.text.is_empty() => None,
        other => panic!("{other:?}"),
    };
    let pdf = |size: u64| file(&json!({"file_name": "a.pdf", "file_size": size}));
    assert_eq!(unreadable(pdf(1_000)), None);
    assert_eq!(unreadable(pdf(20 * 1024 * 1024)), None);
    assert!(matches!(unreadable(pdf(20 * 1024 * 1024 + 1)), Some(Unreadable::TooLarge { .. })));
    assert_eq!(unreadable(file(&json!({"file_name": "a.exe"}))), Some(Unreadable::Kind));
    let zip = |size: u64| file(&json!({"file_name": "a.zip", "file_size": size}));
    assert_eq!(unreadable(zip(20 * 1024 * 1024)), None, "what is in it is read here");
    assert!(matches!(unreadable(zip(20 * 1024 * 1024 + 1)), Some(Unreadable::TooLarge { .. })));
    let log = |size: u64| file(&json!({"file_name": "a.log", "file_size": size}));
    assert_eq!(unreadable(log(1_000_001)), None, "the beginning is read here");
    assert_eq!(unreadable(pdf(0)), None, "0 is a size that the sender did not know");
    let sticker = |animated: bool, video: bool| {
        let looks = json!({"type": "regular", "width": 512, "height": 512});
        let mut sticker = file(&looks);
        sticker["is_animated"] = json!(animated);
        sticker["is_video"] = json!(video);
        json!({"sticker": sticker})
    };
    assert!(matches!(read_message(&private(&sticker(false, false))), Inbound::Prompt(_)));
    let note = json!({"video_note": file(&json!({"duration": 1, "length": 9}))});
    assert!(matches!(read_message(&private(&note)), Inbound::Prompt(_)), "its words are the message");
    // Stickers cannot have a caption.
    for fields in [sticker(true, false), sticker(false, true)] {
        let found = read_message(&private(&fields));
        assert!(matches!(found, Inbound::Unreadable(_, Unreadable::Kind, _)), "{found:?}");
    }
    let contact = json!({"contact": {"phone_number": "1", "first_name": "Bob"}});
    assert_eq!(prompt(read_message(&private(&contact))).text, r#"[contact: "Bob", "1"]"#);
    let mut moving = sticker(false, true);
    moving["sticker"]["emoji"] = json!("😀");
    let moving = prompt(read_message(&private(&moving)));
    assert_eq!((moving.text.as_str(), moving.attachment.unwrap().kind), ("[sticker 😀]", FileKind::Sticker));
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
    let alone = read_message(&group(&json!({"photo": photo})));
    assert_eq!(alone, Inbound::Ignored(Idle::NotAddressed, "photo"));
}

#[test]
fn a_changed_caption_is_an_edit() {
    let photo = json!([file(&json!({"width": 1, "height": 1}))]);
    for (fields, text) in [(json!({"photo": photo, "caption": "new"}), "new"), (json!({"photo": photo}), "")]
    {
        let update = json!({"update_id": 9, "edited_message": private(&fields)});
        let Inbound::Edited(edit) =
            read(Update::read(&update.to_string()).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH)
        else {
            panic!("no edit");
        };
        assert_eq!(edit.text, text);
        assert_eq!(edit.attachment.unwrap().kind, FileKind::Photo);
    }
}

#[test]
fn marks_of_a_message_are_kept() {
    let replied = private(&json!({"message_id": 4, "text": "x".repeat(4_096)}));
    let fields = json!({"text": "look", "reply_to_message": replied, "quote": {"text": "xx", "position": 0},
        "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Carl"}});
    let context = prompt(read_message(&private(&fields))).context;
    assert_eq!(context.quote.as_deref(), Some("xx"));
    assert_eq!(context.forwarded_from.as_deref(), Some("Carl"));
    let reply = context.reply.unwrap();
    assert_eq!((reply.message, reply.sender.as_str()), (Some(MessageId(4)), "@ann"));
    assert_eq!(reply.text, "x".repeat(4_096));
}

/// Returns the command of a message and the text after it.
fn command(message: &Value) -> Option<(Command, String)> {
    match read_message(message) {
        Inbound::Command(command, header) => Some((command, header.arguments)),
        _ => None,
    }
}

fn mention(offset: usize, length: usize) -> Value {
    json!([{"type": "mention", "offset": offset, "length": length}])
}

#[test]
fn a_command_may_stand_in_a_caption_and_behind_a_mention_of_the_bot() {
    let photo = json!([file(&json!({"width": 1, "height": 1}))]);
    let user = |id: i64| json!([{"type": "text_mention", "offset": 0, "length": 8, "user": {"id": id, "first_name": "S"}}]);
    let found = |command, arguments: &str| Some((command, arguments.to_owned()));
    for (fields, expected) in [
        (json!({"photo": photo, "caption": "/Balance"}), found(Command::Balance, "")),
        (json!({"text": "@starling_bot /balance", "entities": mention(0, 13)}), found(Command::Balance, "")),
        (json!({"text": " @Starling_Bot  /PAY 50 ", "entities": mention(1, 13)}), found(Command::Pay, "50")),
        (
            json!({"photo": photo, "caption": "@starling_bot /stop", "caption_entities": mention(0, 13)}),
            found(Command::Stop, ""),
        ),
        (json!({"text": "Starling /stop", "entities": user(7)}), found(Command::Stop, "")),
        // Another account is mentioned, or none: Telegram creates no mention in code.
        (json!({"text": "Starling /stop", "entities": user(8)}), None),
        (json!({"text": "@somebody_els /stop", "entities": mention(0, 13)}), None),
        (json!({"text": "@starling_bot /stop"}), None),
        (json!({"text": "say @starling_bot /stop", "entities": mention(4, 13)}), None),
    ] {
        assert_eq!(command(&group(&fields)), expected, "{fields}");
        assert_eq!(command(&private(&fields)), expected, "{fields}");
    }
}

#[test]
fn a_command_of_another_bot_is_never_ours() {
    let ours = json!({"message_id": 3, "from": {"id": 7, "is_bot": true, "first_name": "Starling"}, "text": "An answer"});
    for text in ["/stop@other_bot", "/weather@other_bot Berlin"] {
        let reply = json!({"text": text, "reply_to_message": ours});
        assert_eq!(read_message(&group(&reply)), Inbound::Ignored(Idle::NotAddressed, "text"));
        assert_eq!(prompt(read_message(&private(&reply))).text, text, "nobody else is there to answer");
    }
    // A text for this bot about another one.
    let told = json!({"text": "@starling_bot /stop@other_bot", "entities": mention(0, 13)});
    assert_eq!(prompt(read_message(&group(&told))).text, "@starling_bot /stop@other_bot");
}

#[test]
fn an_unknown_command_alone_is_no_question_to_the_model() {
    let unknown = |message: &Value| match read_message(message) {
        Inbound::UnknownCommand(word, _) => Some(word),
        _ => None,
    };
    let ours = json!({"message_id": 3, "from": {"id": 7, "is_bot": true, "first_name": "Starling"}, "text": "An answer"});
    for (message, word) in [
        (private(&json!({"text": "/joke"})), Some("joke")),
        (private(&json!({"text": " /Joke \n"})), Some("Joke")),
        (private(&json!({"text": "/joke@starling_bot"})), Some("joke")),
        (group(&json!({"text": "/joke@starling_bot"})), Some("joke")),
        (group(&json!({"text": "@starling_bot /joke", "entities": mention(0, 13)})), Some("joke")),
        (group(&json!({"text": "/joke", "reply_to_message": ours})), Some("joke")),
        (group(&json!({"text": "/joke"})), None),
        (group(&json!({"text": "/joke@other_bot"})), None),
        (private(&json!({"text": "/joke about cats"})), None),
        (private(&json!({"text": "/etc/passwd"})), None),
        (private(&json!({"text": format!("/{}", "x".repeat(33))})), None),
        (private(&json!({"caption": "/joke", "photo": [{"file_id": "a", "file_unique_id": "a"}]})), None),
    ] {
        assert_eq!(unknown(&message).as_deref(), word, "{message}");
    }
    let more = prompt(read_message(&private(&json!({"text": "/joke about cats"}))));
    assert_eq!(more.text, "/joke about cats");
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

#[test]
fn a_message_is_read_without_what_does_not_fit() {
    for fields in [
        json!({"external_reply": {"origin": {"type": "user", "sender_user": {"id": 1, "first_name": "Bob"}}}}),
        json!({"reply_to_story": {"id": 5, "chat": {"id": 1, "type": "private"}}}),
        json!({"forward_origin": {"type": "of_tomorrow", "date": 1}}),
        json!({"reply_markup": {"inline_keyboard": [[{"text": "x", "of_tomorrow": {}}]]}}),
        json!({"entities": [{"type": "date_time", "offset": 0, "length": 2, "unix_time": 1}]}),
        json!({"from": null}),
        json!({"date": "yesterday", "reply_to_message": [], "quote": 1, "edit_date": 1.5}),
    ] {
        let mut all = json!({"text": "hi"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let incoming = prompt(read_message(&private(&all)));
        assert_eq!((incoming.text.as_str(), incoming.key.owner), ("hi", OwnerId(42)), "{fields}");
    }
    let large = file(&json!({"file_name": "a.zip", "file_size": 5_000_000_000_u64}));
    let incoming = prompt(read_message(&private(&json!({"document": large, "caption": "what is it?"}))));
    assert_eq!(incoming.attachment.unwrap().size, Some(5_000_000_000));
    for mime in [json!(null), json!("nonsense"), json!("a/b; c=d"), json!(5)] {
        let voice = file(&json!({"duration": 3, "mime_type": mime}));
        let incoming = prompt(read_message(&private(&json!({"voice": voice, "caption": "listen"}))));
        assert_eq!(incoming.attachment.unwrap().mime, "audio/ogg", "{mime}");
    }
}

#[test]
fn what_no_text_can_hold_is_taken_out_of_everything() {
    let json = r#"{"update_id": 9, "message": {"message_id": 5, "date": 1,
        "chat": {"id": 42, "type": "private", "first_name": "A\u0000nn"},
        "from": {"id": 42, "is_bot": false, "first_name": "A\u0000nn", "last_name": "\ud83d"},
        "reply_to_message": {"message_id": 4, "text": "a\udc00b", "from": {"id": 1, "first_name": "B\u0000ob\n# System"}},
        "quote": {"text": "\u0000q"}, "caption": "half \ud83d whole \ud83d\ude00",
        "document": {"file_id": "f\u0000", "file_unique_id": "u", "file_name": "a\u0000\ud83d.pdf"}}}"#;
    let incoming = prompt(read(Update::read(json).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH));
    let Reply { text, sender, .. } = incoming.context.reply.unwrap();
    assert_eq!(incoming.sender.display_name(), "Ann");
    assert_eq!(
        (incoming.text.as_str(), text.as_str(), sender.as_str()),
        ("half  whole 😀", "ab", "Bob # System")
    );
    let attachment = incoming.attachment.unwrap();
    assert_eq!((attachment.name.as_str(), attachment.telegram_id.as_str()), ("a.pdf", "f"));
    assert_eq!(incoming.context.quote.as_deref(), Some("q"));
}

#[test]
fn a_rich_message_is_a_text() {
    let blocks =
        json!([{"type": "heading", "size": 1, "text": "Plan"}, {"type": "paragraph", "text": ["a", "b"]}]);
    let rich = json!({"rich_message": {"blocks": blocks}});
    assert_eq!(prompt(read_message(&private(&rich))).text, "# Plan\n\nab");
    let reply = json!({"text": "and this?", "reply_to_message": private(&rich)});
    assert_eq!(prompt(read_message(&private(&reply))).context.reply.unwrap().text, "# Plan\n\nab");
    let update = json!({"update_id": 9, "edited_message": private(&rich)});
    let edit = read(Update::read(&update.to_string()).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH);
    assert!(matches!(edit, Inbound::Edited(Edit { text, .. }) if text == "# Plan\n\nab"));
    let nothing = json!({"rich_message": {"blocks": []}});
    assert!(matches!(
        read_message(&private(&nothing)),
        Inbound::Unreadable(_, Unreadable::Kind, "rich_message")
    ));
}

#[test]
fn what_a_person_points_at_is_told_with_its_file() {
    let photo = json!([file(&json!({"width": 1, "height": 1}))]);
    let pdf = file(&json!({"file_name": "re\"port.pdf", "mime_type": "application/pdf"}));
    let poll = json!({"question": "Tea or\ncoffee?", "options": [{"text": "Tea"}, {"text": "Coffee"}]});
    for (carried, content, kind) in [
        (json!({"photo": photo, "caption": "below"}), Some("photo"), Some(FileKind::Photo)),
        (
            json!({"document": pdf}),
            Some("document \"re'port.pdf\" (application/pdf)"),
            Some(FileKind::Document),
        ),
        (
            json!({"voice": file(&json!({"duration": 12}))}),
            Some("voice message, 12 s"),
            Some(FileKind::Voice),
        ),
        (json!({"sticker": file(&json!({"emoji": "😀"}))}), Some("sticker 😀"), Some(FileKind::Sticker)),
        (json!({"poll": poll}), Some("poll: \"Tea or coffee?\", options: \"Tea\", \"Coffee\""), None),
        (json!({"location": {"latitude": 52.5, "longitude": 13.4}}), Some("location: 52.5, 13.4"), None),
        (json!({"location": 5}), Some("location"), None),
        (
            json!({"contact": {"first_name": "Bob", "phone_number": "+1"}}),
            Some("contact: \"Bob\", \"+1\""),
            None,
        ),
        (json!({"pinned_message": {"message_id": 1}}), Some("pinned message"), None),
        (json!({"text": "words"}), None, None),
    ] {
        let mut replied = group(&carried);
        replied["message_id"] = json!(4);
        let fields = json!({"text": "@starling_bot what is it?", "entities": mention(0, 13), "reply_to_message": replied});
        let incoming = prompt(read_message(&group(&fields)));
        let reply = incoming.context.reply.unwrap();
        assert_eq!(
            (reply.content.as_deref(), reply.message, reply.chat),
            (content, Some(MessageId(4)), None)
        );
        assert_eq!(incoming.replied_attachment.map(|file| file.kind), kind, "{carried}");
    }
}

#[test]
fn a_reply_to_a_message_elsewhere_tells_where_from() {
    let origin =
        json!({"type": "user", "date": 1, "sender_user": {"id": 1, "is_bot": false, "first_name": "Bob"}});
    let elsewhere = json!({"id": -200, "type": "channel", "title": "News"});
    let here = json!({"id": 42, "type": "private"});
    let photo = json!([file(&json!({"width": 1, "height": 1}))]);
    for (external, expected, is_photo) in [
        (json!({"origin": origin}), (None, None, "Bob", None), false),
        (
            json!({"origin": origin, "chat": elsewhere, "message_id": 3, "photo": photo}),
            (None, Some("News"), "Bob", Some("photo")),
            true,
        ),
        (
            json!({"origin": origin, "chat": here, "message_id": 3}),
            (Some(MessageId(3)), None, "Bob", None),
            false,
        ),
        (
            json!({"origin": {"type": "hidden_user", "sender_user_name": "Carl"}, "story": {"id": 1}}),
            (None, None, "Carl", Some("story")),
            false,
        ),
        (json!({"origin": {"type": "channel", "chat": elsewhere}}), (None, None, "News", None), false),
        (json!({}), (None, None, "someone", None), false),
    ] {
        let fields = json!({"text": "so?", "external_reply": external, "quote": {"text": "marked"}});
        let incoming = prompt(read_message(&private(&fields)));
        let Reply { message, chat, sender, text, content } = incoming.context.reply.unwrap();
        assert_eq!((message, chat.as_deref(), sender.as_str(), content.as_deref()), expected, "{external}");
        assert_eq!((text.as_str(), incoming.context.quote.as_deref()), ("", Some("marked")));
        assert_eq!(incoming.replied_attachment.is_some(), is_photo);
    }
}

#[test]
fn what_is_neither_text_nor_a_file_is_a_line() {
    let task = |text: &str, done: bool| {
        let date = if done { json!(1_790_000_000) } else { json!(null) };
        json!({"id": 1, "text": text, "completion_date": date})
    };
    let long = "x".repeat(2_000);
    for (fields, text) in [
        (json!({"dice": {"emoji": "🎲", "value": 3}}), "[dice 🎲 showing 3]"),
        (
            json!({"venue": {"title": "x"}, "location": {"latitude": 1.0, "longitude": 1.0}}),
            r#"[venue: "x"]"#,
        ),
        (json!({"location": {"latitude": 52.52, "longitude": -13.4}}), "[location: 52.52, -13.4]"),
        (json!({"location": {"latitude": "north"}}), "[location]"),
        (json!({"poll": {"question": "Tea]?", "options": []}}), r#"[poll: "Tea)?"]"#),
        (json!({"story": {"chat": {"id": 7, "first_name": "Carl"}, "id": 5}}), r#"[story of "Carl"]"#),
        (json!({"story": 5}), "[story]"),
        (
            json!({"checklist": {"title": "Trip", "tasks": [task("Pass\nport", true), task("Map", false)]}}),
            r#"[checklist: "Trip", tasks: "Pass port" (done), "Map"]"#,
        ),
        (json!({"poll": {"question": long, "options": []}}), &*format!("[poll: \"{}\"]", "x".repeat(300))),
    ] {
        assert_eq!(prompt(read_message(&private(&fields))).text, text, "{fields}");
        let unasked = read_message(&group(&fields));
        assert!(matches!(unasked, Inbound::Ignored(Idle::NotAddressed, _)), "{unasked:?}");
    }
}

#[test]
fn what_cannot_be_read_is_told_by_its_kind() {
    for (fields, kind) in [
        (json!({}), "empty"),
        (json!({"hologram": {"id": 1}}), "other"),
        (json!({"gift": {"gift": {"id": "1"}}}), "gift"),
        (json!({"game": {"title": "x"}}), "game"),
        (json!({"photo": []}), "photo"),
        (json!({"text": 5}), "text"),
        (json!({"giveaway": {}}), "giveaway"),
    ] {
        let found = read_message(&private(&fields));
        assert!(
            matches!(found, Inbound::Unreadable(_, Unreadable::Kind, found) if found == kind),
            "{found:?}"
        );
    }
    for (fields, kind) in [
        (json!({"new_chat_members": [{"id": 1, "is_bot": false, "first_name": "Bob"}]}), "new_chat_members"),
        (json!({"forum_topic_created": {"name": "x"}}), "forum_topic_created"),
        (json!({"group_chat_created": true}), "group_chat_created"),
    ] {
        assert_eq!(read_message(&group(&fields)), Inbound::Ignored(Idle::Service, kind));
    }
    let paid = json!({"paid_media": {"star_count": 1}, "caption": "words below"});
    assert_eq!(prompt(read_message(&private(&paid))).text, "words below");
}

#[test]
fn a_group_that_becomes_a_supergroup_says_so_in_both_chats() {
    let expected = Inbound::Migrated(Migration { update: UpdateId(9), from: ChatId(-5), to: ChatId(-100) });
    let mut old = group(&json!({"migrate_to_chat_id": -100}));
    old["chat"] = json!({"id": -5, "type": "group", "title": "Friends"});
    assert_eq!(read_message(&old), expected);
    assert_eq!(read_message(&group(&json!({"migrate_from_chat_id": -5}))), expected);
}

#[test]
fn a_tap_is_read_whatever_is_told_of_its_message() {
    for (message, number) in [
        (json!({"message_id": 5, "chat": {"id": 42, "type": "private"}}), Some(MessageId(5))),
        (json!({"message_id": 5, "date": 0, "chat": {"id": 42, "type": "private"}}), None),
        (json!({"date": 0}), None),
        (json!(null), None),
    ] {
        let query = json!({"id": "1", "from": {"id": 42, "first_name": "Ann", "language_code": "ru"},
            "chat_instance": "1", "data": "x", "message": message});
        let update = json!({"update_id": 9, "callback_query": query});
        let Inbound::Tapped(tapped) =
            read(Update::read(&update.to_string()).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH)
        else {
            panic!("no tap")
        };
        assert_eq!(
            (tapped.callback.as_str(), tapped.data.as_str(), tapped.person.language_code.as_deref()),
            ("1", "x", Some("ru"))
        );
        assert_eq!(tapped.header.map(|header| header.message), number);
    }
}

#[test]
fn a_stopped_draft_names_its_thread() {
    for draft in ["65", "\"65\""] {
        let update = format!(
            r#"{{"update_id":1,"stopped_message_generation":{{"chat":{{"id":42,"type":"private"}},"draft_id":{draft}}}}}"#
        );
        let key = ThreadKey { chat: ChatId(42), owner: OwnerId(42), topic: None };
        let stopped = read(Update::read(&update).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH);
        assert_eq!(stopped, Inbound::Stopped { update: UpdateId(1), key, draft: 65 });
    }
}

#[test]
fn updates_of_other_kinds_and_incomplete_ones_have_a_name() {
    for (update, why, kind) in [
        (json!({"guest_message": private(&json!({"text": "x"}))}), Idle::Unhandled, "guest_message"),
        (json!({"business_message": private(&json!({"text": "x"}))}), Idle::Unhandled, "business_message"),
        (json!({"of_tomorrow": {}}), Idle::Unhandled, "other"),
        (json!({"message": {"text": "x"}}), Idle::Incomplete, "text"),
        (json!({"message": 5}), Idle::Incomplete, "message"),
        (json!({"callback_query": {"id": "1"}}), Idle::Incomplete, "callback_query"),
        (json!({"edited_message": private(&json!({"location": {}}))}), Idle::Unhandled, "location"),
    ] {
        let mut payload = json!({"update_id": 9});
        payload.as_object_mut().unwrap().extend(update.as_object().unwrap().clone());
        let found =
            read(Update::read(&payload.to_string()).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH);
        assert_eq!(found, Inbound::Ignored(why, kind), "{update}");
    }
    assert!(Update::read("nonsense").is_none() && Update::read(r#"{"message": {}}"#).is_none());
}
