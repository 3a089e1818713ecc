//! Files that the bot sends: uploads, known ids, albums, edits, and what is refused.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::super::{Attachment, NewFile, Settings};
use super::{ANN, GROUP, Rig};
use crate::samples;

fn part(name: &str, mime: &str, bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name(name.to_owned()).mime_str(mime).unwrap()
}

impl Rig {
    async fn upload(&self, method: &str, form: Form) -> Value {
        self.client.post(self.address(method)).multipart(form).send().await.unwrap().json().await.unwrap()
    }

    /// The message of an upload that must succeed.
    async fn uploaded(&self, method: &str, field: &'static str, name: &str, bytes: Vec<u8>) -> Value {
        let form = Form::new().text("chat_id", "42").part(field, part(name, "a/b", bytes));
        let answer = self.upload(method, form).await;
        assert_eq!(answer["ok"], json!(true), "{method} {name}: {answer}");
        answer["result"].clone()
    }

    /// Code and sentence of an upload that must be refused.
    async fn refused_upload(&self, method: &str, form: Form) -> (i64, String) {
        let answer = self.upload(method, form).await;
        assert_eq!(answer["ok"], json!(false), "{method}: {answer}");
        (answer["error_code"].as_i64().unwrap(), answer["description"].as_str().unwrap().to_owned())
    }
}

fn album(items: &[Value], files: Vec<(&'static str, Part)>) -> Form {
    let form = Form::new().text("chat_id", "42").text("media", json!(items).to_string());
    files.into_iter().fold(form, |form, (name, part)| form.part(name, part))
}

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
        (&json!("7"), &json!("Я"), &json!(2))
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
async fn files_that_are_refused() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let photo =
        |bytes: Vec<u8>| Form::new().text("chat_id", "42").part("photo", part("a.jpg", "image/jpeg", bytes));
    let mut heavy = samples::jpeg(100, 100);
    heavy.resize((10 << 20) + 1, 0);
    for (bytes, code, sentence) in [
        (Vec::new(), 400, "Bad Request: file must be non-empty"),
        (b"no picture".to_vec(), 400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (samples::jpeg(100, 100)[..20].to_vec(), 400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (samples::jpeg(9_000, 1_001), 400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (samples::jpeg(2_100, 100), 400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (heavy, 400, "Bad Request: file of size 10485761 bytes is too big for a photo"),
        (vec![0; (50 << 20) + 1], 413, "Request Entity Too Large"),
        (vec![0; 60 << 20], 413, "Request Entity Too Large"),
    ] {
        let refused = rig.refused_upload("sendPhoto", photo(bytes)).await;
        assert!(refused.0 == code && refused.1.starts_with(sentence), "{refused:?}");
    }
    assert_eq!(rig.upload("sendPhoto", photo(samples::jpeg(9_000, 1_000))).await["ok"], json!(true));
    let document =
        |bytes: Vec<u8>| Form::new().text("chat_id", "42").part("document", part("a", "a/b", bytes));
    let most = rig.upload("sendDocument", document(vec![0; 50 << 20])).await;
    assert_eq!(most["ok"], json!(true));
    let large = rig.refusal("getFile", json!({"file_id": most["result"]["document"]["file_id"]})).await;
    assert_eq!(large.1, "Bad Request: file is too big");
    let refused = rig.refused_upload("sendDocument", document(Vec::new())).await;
    assert_eq!(refused, (400, "Bad Request: file must be non-empty".to_owned()));

    let voice =
        rig.uploaded("sendVoice", "voice", "a.ogg", samples::ogg(1)).await["voice"]["file_id"].clone();
    for (method, params, sentence) in [
        ("sendDocument", json!({"document": voice}), "can't use file of type VoiceNote as Document"),
        ("sendPhoto", json!({"photo": voice}), "can't use file of type VoiceNote as Photo"),
        ("sendVideo", json!({"video": "https://example.org/a.mp4"}), "failed to get HTTP URL content"),
        ("sendVideo", json!({"video": "forged"}), "wrong file identifier/HTTP URL specified"),
        ("sendAnimation", json!({"animation": "attach://nothing"}), "there is no animation in the request"),
        ("sendAnimation", json!({}), "there is no animation in the request"),
    ] {
        let mut params = params;
        params["chat_id"] = json!(ANN);
        let refused = rig.refusal(method, params).await;
        assert!(refused.0 == 400 && refused.1.contains(sentence), "{}", refused.1);
    }
    rig.telegram.forbid_voice(ANN);
    let refused = rig.refusal("sendVoice", json!({"chat_id": ANN, "voice": voice})).await;
    assert_eq!(refused, (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN".to_owned()));
    rig.call("sendVoice", json!({"chat_id": GROUP, "voice": voice})).await;
    rig.telegram.block(ANN);
    let refused = rig.refusal("sendVoice", json!({"chat_id": ANN, "voice": voice})).await;
    assert_eq!(refused, (403, "Forbidden: bot was blocked by the user".to_owned()));
}

#[tokio::test]
async fn albums() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let photo = |name: &str| json!({"type": "photo", "media": format!("attach://{name}"), "caption": name});
    let jpeg = || part("a.jpg", "image/jpeg", samples::jpeg(100, 100));
    let form = album(&[photo("a"), photo("b")], vec![("a", jpeg()), ("b", jpeg())]);
    let sent = rig.upload("sendMediaGroup", form).await["result"].clone();
    let seen = rig.telegram.sent_media(ANN);
    assert_eq!((seen.len(), seen[1].caption.as_str()), (2, "b"));
    assert_eq!((&json!(seen[0].album), &seen[0].album), (&sent[1]["media_group_id"], &seen[1].album));
    let (id, video) = (seen[0].file_id.clone(), json!({"type": "video", "media": "attach://v"}));
    let known = json!({"type": "photo", "media": id});
    let form = album(&[known.clone(), video], vec![("v", part("v.mp4", "video/mp4", samples::mp4(3)))]);
    let mixed = rig.upload("sendMediaGroup", form).await["result"].clone();
    assert_eq!(mixed[1]["video"]["duration"], json!(3));
    let document = |name: &str| json!({"type": "document", "media": format!("attach://{name}")});
    let gif = part("a.gif", "image/gif", samples::gif(9, 9));
    let form = album(&[document("a"), document("b")], vec![("a", gif), ("b", jpeg())]);
    let documents = rig.upload("sendMediaGroup", form).await["result"].clone();
    assert_eq!(documents[0]["document"]["file_name"], json!("a.gif"), "documents of an album stay documents");

    let kind = |kind: &str| json!({"type": kind, "media": id});
    let before = rig.telegram.messages(ANN).len();
    for (items, sentence) in [
        (vec![], "there are no messages to send"),
        (vec![known.clone()], "2-10 items"),
        (vec![known.clone(); 11], "too many messages to send as an album"),
        (vec![known.clone(), kind("animation")], "type \"animation\" can't be used in sendMediaGroup"),
        (vec![known.clone(), kind("voice")], "type \"voice\" is unsupported"),
        (vec![known.clone(), json!({"media": id})], "can't find field \"type\""),
        (vec![known.clone(), json!({"type": "photo"})], "media not found"),
        (vec![known.clone(), photo("missing")], "media not found"),
        (vec![known.clone(), kind("document")], "Document can't be mixed with other media types"),
        (vec![kind("audio"), kind("video")], "Audio can't be mixed with other media types"),
        (vec![known.clone(), kind("video")], "can't use file of type Photo as Video"),
        (vec![known.clone(), json!({"type": "photo", "media": id, "caption": "x".repeat(1025)})], "too long"),
        (
            vec![known.clone(), photo("bad")],
            "failed to send message #2 with the error message \"IMAGE_PROCESS_FAILED\"",
        ),
    ] {
        let form = album(&items, vec![("bad", part("a.jpg", "image/jpeg", b"bad".to_vec()))]);
        let refused = rig.refused_upload("sendMediaGroup", form).await;
        assert!(refused.0 == 400 && refused.1.contains(sentence), "{}", refused.1);
    }
    assert_eq!(rig.telegram.messages(ANN).len(), before, "nothing of a refused album is sent");
    let ten = rig.call("sendMediaGroup", json!({"chat_id": ANN, "media": vec![known; 10]})).await;
    assert_eq!(ten.as_array().map(Vec::len), Some(10));
}

#[tokio::test]
async fn captions_and_files_are_edited() {
    let rig = Rig::start().await;
    let said = rig.telegram.say(ANN, ANN, "hi");
    let text = rig.call("sendMessage", json!({"chat_id": ANN, "text": "text"})).await["message_id"].clone();
    let jpeg = || part("a.jpg", "image/jpeg", samples::jpeg(100, 100));
    let photo = |name: &str| json!({"type": "photo", "media": format!("attach://{name}")});
    let form = album(&[photo("a"), photo("b")], vec![("a", jpeg()), ("b", jpeg())]);
    let in_album = rig.upload("sendMediaGroup", form).await["result"][0]["message_id"].clone();
    let sent = rig.uploaded("sendPhoto", "photo", "a.jpg", samples::jpeg(100, 100)).await;
    let (message, file) = (sent["message_id"].clone(), sent["photo"][0]["file_id"].clone());
    let document = rig.uploaded("sendDocument", "document", "a.txt", b"text".to_vec()).await;
    let document = document["document"]["file_id"].clone();
    let caption = json!({"chat_id": ANN, "message_id": message, "caption": "new"});
    assert_eq!(rig.call("editMessageCaption", caption.clone()).await["caption"], json!("new"));
    let media =
        |kind: &str, id: &Value, caption: &str| json!({"type": kind, "media": id, "caption": caption});
    for (method, message, params, sentence) in [
        ("editMessageCaption", &message, json!({"caption": "new"}), "message is not modified"),
        ("editMessageCaption", &message, json!({"caption": "x".repeat(1025)}), "MEDIA_CAPTION_TOO_LONG"),
        ("editMessageCaption", &json!(9_999), json!({"caption": "x"}), "message to edit not found"),
        ("editMessageCaption", &json!(said.message_id), json!({"caption": "x"}), "message can't be edited"),
        ("editMessageCaption", &text, json!({"caption": "x"}), "there is no caption in the message to edit"),
        ("editMessageText", &message, json!({"text": "x"}), "there is no text in the message to edit"),
        (
            "editMessageMedia",
            &message,
            json!({"media": media("photo", &file, "new")}),
            "message is not modified",
        ),
        (
            "editMessageMedia",
            &message,
            json!({"media": media("photo", &document, "")}),
            "can't use file of type",
        ),
        ("editMessageMedia", &message, json!({"media": media("voice", &file, "")}), "is unsupported"),
        ("editMessageMedia", &message, json!({}), "media is empty"),
        (
            "editMessageMedia",
            &json!(9_999),
            json!({"media": media("photo", &file, "")}),
            "message to edit not found",
        ),
        ("editMessageMedia", &text, json!({"media": media("photo", &file, "")}), "there is no media"),
        (
            "editMessageMedia",
            &in_album,
            json!({"media": media("document", &document, "")}),
            "MEDIA_GROUPED_INVALID",
        ),
    ] {
        let mut params = params;
        params["chat_id"] = json!(ANN);
        params["message_id"] = message.clone();
        let refused = rig.refusal(method, params).await;
        assert!(refused.0 == 400 && refused.1.contains(sentence), "{method}: {}", refused.1);
    }
    let params = json!({"chat_id": ANN, "message_id": message, "media": media("document", &document, "doc")});
    let edited = rig.call("editMessageMedia", params).await;
    assert_eq!((&edited["photo"], &edited["document"]["file_id"]), (&Value::Null, &document));
    assert_eq!(edited["caption"], json!("doc"));
    let form = Form::new().text("chat_id", "42").text("message_id", message.to_string());
    let form = form.text("media", photo("new").to_string()).part("new", jpeg());
    let edited = rig.upload("editMessageMedia", form).await["result"].clone();
    assert_eq!((&edited["document"], &edited["caption"]), (&Value::Null, &Value::Null));
    assert_eq!(rig.telegram.sent_media(ANN)[2].kind, Attachment::Photo);
}

#[tokio::test]
async fn an_edit_of_a_person_replaces_the_file() {
    let rig = Rig::start().await;
    let said = rig.telegram.send(ANN, ANN, NewFile::photo(90, 90).captioned("one"));
    rig.telegram.edit_file(ANN, said.message_id, NewFile::pdf("a.pdf", 1)).unwrap();
    let edited = rig.updates(said.update_id + 1).await.remove(0)["edited_message"].clone();
    assert_eq!((&edited["photo"], &edited["caption"]), (&Value::Null, &Value::Null));
    assert_eq!(edited["document"]["file_name"], json!("a.pdf"));
    assert_eq!(rig.telegram.edit_file(ANN, 9_999, NewFile::pdf("a.pdf", 1)), None);
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
