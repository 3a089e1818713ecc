//! The text of a message: edited, marked, rich, too large, or a line for what is no text.

use serde_json::json;

use super::super::*;
use super::{MOST, file, group, me, private, prompt, read_message};
use crate::domain::file::FileKind;
use crate::domain::ids::{MessageId, OwnerId};
use crate::domain::message::Reply;

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
