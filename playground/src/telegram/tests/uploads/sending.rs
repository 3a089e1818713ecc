//! One file: its kind, caption, reply, topic and keyboard, and the action that announces it.

use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::super::{ANN, Rig};
use super::part;
use crate::samples;
use crate::telegram::{Attachment, Settings};

#[tokio::test]
async fn each_method_sends_its_kind() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    for (method, field, name, bytes, seen) in [
        ("sendPhoto", "photo", "a.png", samples::png(640, 480), "photo"),
        ("sendDocument", "document", "a.txt", b"text".to_vec(), "document"),
        ("sendDocument", "document", "a.gif", samples::gif(9, 9), "animation"),
        ("sendDocument", "document", "a.mp4", samples::mp4(3), "video"),
        ("sendDocument", "document", "a.mp3", samples::mp3(3), "audio"),
        ("sendAudio", "audio", "a.mp3", samples::mp3(3), "audio"),
        ("sendAudio", "audio", "a.wav", samples::wav(3), "document"),
        ("sendVoice", "voice", "a.ogg", samples::ogg(3), "voice"),
        ("sendVoice", "voice", "a.txt", b"text".to_vec(), "document"),
        ("sendVideo", "video", "a.mp4", samples::mp4(3), "video"),
        ("sendVideo", "video", "a.avi", b"RIFF....AVI ".to_vec(), "document"),
        ("sendAnimation", "animation", "a.gif", samples::gif(9, 9), "animation"),
        ("sendAnimation", "animation", "a.mp4", samples::silent_mp4(3), "animation"),
        ("sendAnimation", "animation", "a.mp4", samples::mp4(3), "video"),
    ] {
        let size = bytes.len();
        let message = rig.uploaded(method, field, name, bytes.clone()).await;
        let object = &message[seen];
        let object = object.as_array().and_then(|sizes| sizes.last()).unwrap_or(object);
        assert_eq!(object["file_size"], json!(size), "{method} {name}: {message}");
        let again = rig.telegram.sent_media(ANN).pop().unwrap();
        assert_eq!((again.file_name.as_str(), again.bytes.to_vec()), (name, bytes), "{method}");
        // The file can be downloaded, and sent again by its id.
        let file = rig.call("getFile", json!({"file_id": object["file_id"]})).await;
        let path = file["file_path"].as_str().unwrap();
        let link = format!("{}/file/bot{}/{path}", rig.telegram.url(), Settings::default().token);
        assert_eq!(rig.client.get(link).send().await.unwrap().bytes().await.unwrap().len(), size);
        let method = format!("send{}{}", &seen[..1].to_uppercase(), &seen[1..]);
        let resent = rig.call(&method, json!({"chat_id": ANN, seen: object["file_id"]})).await;
        assert_eq!(resent[seen], message[seen], "{method}");
    }
    let flags = Form::new().text("chat_id", "42").text("disable_content_type_detection", "true");
    let flags = flags.part("document", part("a.gif", "image/gif", samples::gif(9, 9)));
    let kept = rig.upload("sendDocument", flags).await;
    assert_eq!(kept["result"]["animation"], Value::Null, "{kept}");
    let form = Form::new().text("chat_id", "42").text("title", "7").text("performer", "Я");
    let song = rig.upload("sendAudio", form.part("audio", part("x/y.mp3", "a/b", samples::mp3(3)))).await;
    let song = &song["result"]["audio"];
    assert_eq!(
        (&song["title"], &song["performer"], &song["duration"]),
        (&json!("7"), &json!("Я"), &json!(3))
    );
    assert_eq!(song["file_name"], json!("y.mp3"));
}

#[tokio::test]
async fn captions_replies_topics_and_keyboards() {
    let rig = Rig::start().await;
    let said = rig.telegram.say(ANN, ANN, "send me a file");
    let keyboard = json!({"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]});
    let form = Form::new()
        .text("chat_id", "42")
        .text("caption", "12")
        .text("caption_entities", json!([{"type": "bold", "offset": 0, "length": 2}]).to_string())
        .text("reply_parameters", json!({"message_id": said.message_id}).to_string())
        .text("reply_markup", keyboard.to_string())
        .part("photo", part("a.jpg", "image/jpeg", samples::jpeg(640, 480)));
    let sent = rig.upload("sendPhoto", form).await["result"].clone();
    assert_eq!((&sent["caption"], &sent["caption_entities"][0]["type"]), (&json!("12"), &json!("bold")));
    assert_eq!(sent["reply_markup"], keyboard);
    let seen = rig.telegram.sent_media(ANN).remove(0);
    assert_eq!((seen.kind, seen.caption.as_str()), (Attachment::Photo, "12"));
    assert_eq!((seen.reply_to, seen.album), (Some(said.message_id), None));
    let id = seen.file_id;
    let longest = "😀".repeat(1024);
    let parsed =
        json!({"chat_id": ANN, "photo": id, "caption": format!("<b>{longest}</b>"), "parse_mode": "HTML"});
    assert_eq!(rig.call("sendPhoto", parsed).await["caption"], json!(longest));
    for (more, sentence) in [
        (json!({"caption": format!("{longest}x")}), "message caption is too long"),
        (
            json!({"caption": "a", "caption_entities": [{"type": "bold", "offset": 0, "length": 2}]}),
            "ends after",
        ),
        (json!({"reply_parameters": {"message_id": 9_999}}), "message to be replied not found"),
        (json!({"message_thread_id": 9_999}), "message thread not found"),
        (json!({"chat_id": 43}), "bot can't initiate conversation with a user"),
        (json!({"reply_markup": {"inline_keyboard": [[{"text": "a"}]]}}), "Text buttons are unallowed"),
    ] {
        let mut params = json!({"chat_id": ANN, "photo": id});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refused = rig.refusal("sendPhoto", params).await;
        assert!(refused.1.contains(sentence), "{}", refused.1);
    }
    let topic = rig.telegram.create_topic(ANN, "Files");
    let placed =
        rig.call("sendPhoto", json!({"chat_id": ANN, "photo": id, "message_thread_id": topic})).await;
    assert_eq!(placed["message_thread_id"], json!(topic));
}

#[tokio::test]
async fn uploads_are_shown_as_actions() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    for action in ["upload_photo", "upload_video", "upload_voice", "upload_document", "upload_video_note"] {
        rig.call("sendChatAction", json!({"chat_id": ANN, "action": action})).await;
    }
    let refused = rig.refusal("sendChatAction", json!({"chat_id": ANN, "action": "upload_audio"})).await;
    assert!(refused.1.contains("wrong parameter action"), "{}", refused.1);
}
