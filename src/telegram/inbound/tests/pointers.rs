//! Messages that a message replies to.

use serde_json::json;

use super::{file, group, mention, private, prompt, read_message};
use crate::domain::file::FileKind;
use crate::domain::ids::MessageId;
use crate::domain::message::Reply;

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
