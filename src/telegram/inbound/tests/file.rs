//! Files of a message: their kind, name and type, with words, without them, and in albums.

use serde_json::{Value, json};

use super::super::*;
use super::{file, group, private, prompt, read_message};
use crate::domain::file::FileKind;

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
