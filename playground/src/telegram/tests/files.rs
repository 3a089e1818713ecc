//! Files that people send: what the bot hears of them, albums, downloads and their faults.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::super::{Attachment, CallOutcome, Fault, NewFile, Settings, kinds};
use super::{ANN, BOUND, FORUM, Rig};
use crate::samples;

impl Rig {
    /// Where the bot finds a file; `getFile` must know it.
    async fn link(&self, file_id: &Value) -> String {
        let file = self.call("getFile", json!({ "file_id": file_id })).await;
        let path = file["file_path"].as_str().unwrap();
        format!("{}/file/bot{}/{path}", self.telegram.url(), Settings::default().token)
    }

    /// The bytes that a download gives before it ends, and whether it ended well.
    async fn download(&self, link: &str) -> (Vec<u8>, bool) {
        let Ok(mut response) = self.client.get(link).send().await else { return (Vec::new(), false) };
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return (bytes, true),
                Err(_) => return (bytes, false),
            }
        }
    }

    async fn messages_from(&self, update: i64) -> Vec<Value> {
        self.updates(update).await.into_iter().map(|update| update["message"].clone()).collect()
    }
}

#[tokio::test]
async fn every_size_of_a_photo_is_a_file_of_its_own() {
    let rig = Rig::start().await;
    let said = rig.telegram.send(ANN, ANN, NewFile::photo(1280, 720).captioned("what is /this"));
    let message = rig.messages_from(said.update_id).await.remove(0);
    assert_eq!((&message["caption"], &message["text"]), (&json!("what is /this"), &Value::Null));
    assert_eq!(message["caption_entities"][0]["type"], json!("bot_command"));
    let sizes = message["photo"].as_array().unwrap();
    let pixels: Vec<_> = sizes.iter().map(|size| (size["width"].clone(), size["height"].clone())).collect();
    assert_eq!(pixels, [(json!(320), json!(180)), (json!(1280), json!(720))]);
    assert_ne!(sizes[0]["file_id"], sizes[1]["file_id"]);
    assert_ne!(sizes[0]["file_unique_id"], sizes[1]["file_unique_id"]);
    assert_eq!((&sizes[1]["file_name"], &sizes[1]["mime_type"]), (&Value::Null, &Value::Null));
    for (size, bytes) in sizes.iter().zip([samples::jpeg(320, 180), samples::jpeg(1280, 720)]) {
        let link = rig.link(&size["file_id"]).await;
        assert!(link.contains("/photos/file_"), "{link}");
        assert_eq!(size["file_size"], json!(bytes.len()));
        assert_eq!(rig.download(&link).await, (bytes, true));
    }
    let seen = rig.telegram.downloads();
    assert_eq!(seen.len(), 2);
    assert_eq!((&json!(seen[1].file_id), &seen[1].answer), (&sizes[1]["file_id"], &CallOutcome::Ok));
}

#[tokio::test]
async fn documents_stand_where_they_were_sent() {
    let rig = Rig::start().await;
    let topic = rig.telegram.create_topic(FORUM, "Bills");
    let first = rig.telegram.send_in_topic(FORUM, ANN, topic, NewFile::pdf("bill.pdf", 2));
    let second = rig.telegram.reply_with(FORUM, ANN, first.message_id, NewFile::text("day.txt", "день"));
    let messages = rig.messages_from(first.update_id).await;
    assert_eq!(messages[0]["document"]["file_name"], json!("bill.pdf"));
    assert_eq!(messages[0]["document"]["mime_type"], json!("application/pdf"));
    assert_eq!(messages[1]["document"]["file_size"], json!(8));
    assert_eq!(messages[1]["message_thread_id"], json!(topic));
    assert_eq!(messages[1]["reply_to_message"]["message_id"], json!(first.message_id));
    rig.telegram.edit(FORUM, second.message_id, "a caption after all").unwrap();
    let edited = rig.updates(second.update_id + 1).await.remove(0);
    assert_eq!(edited["edited_message"]["caption"], json!("a caption after all"));
    assert_eq!(edited["edited_message"]["document"]["file_name"], json!("day.txt"));
}

#[tokio::test]
async fn an_album_is_messages_with_one_group_id() {
    let rig = Rig::start().await;
    let photos = |caption: &str| vec![NewFile::photo(90, 90).captioned(caption), NewFile::photo(80, 90)];
    let first = rig.telegram.send_album(ANN, ANN, None, photos("two of them"));
    let other = rig.telegram.send_album(ANN, ANN, None, photos(""));
    let messages = rig.messages_from(first[0].update_id).await;
    let groups: Vec<&str> =
        messages.iter().map(|message| message["media_group_id"].as_str().unwrap()).collect();
    assert_eq!((groups.len(), groups[0] == groups[1], groups[2] == groups[3]), (4, true, true));
    assert_ne!(groups[0], groups[2]);
    assert_eq!((&messages[0]["caption"], &messages[1]["caption"]), (&json!("two of them"), &Value::Null));
    assert_eq!(messages[3]["message_id"], json!(other[1].message_id));
    for files in [
        vec![NewFile::photo(1, 1)],
        vec![NewFile::photo(1, 1); 11],
        vec![NewFile::photo(1, 1), NewFile::pdf("a.pdf", 1)],
        vec![NewFile::new(Attachment::Voice, "", "audio/ogg", vec![1]); 2],
    ] {
        assert!(!super::super::sending::is_album(&files));
    }
}

#[tokio::test]
async fn an_album_from_the_page() {
    let rig = Rig::start().await;
    for caption in ["both", ""] {
        let file = Part::bytes(samples::jpeg(9, 9)).file_name("photo.jpg").mime_str("image/jpeg").unwrap();
        let form =
            Form::new().text("chat", "42").text("from", "42").text("kind", "photo").text("album", "77");
        let url = format!("{}/play/file", rig.telegram.url());
        let form = form.text("caption", caption).part("file", file);
        assert!(rig.client.post(url).multipart(form).send().await.unwrap().status().is_success());
    }
    let messages = rig.messages_from(0).await;
    assert_eq!((messages.len(), &messages[1]["media_group_id"]), (2, &json!("77")));
    assert_eq!(messages[0]["caption"], json!("both"));
}

#[tokio::test]
async fn files_beyond_20_mb_cannot_be_fetched() {
    let rig = Rig::start().await;
    let limit = 20 * 1024 * 1024;
    for size in [limit, limit + 1] {
        let file = NewFile::new(Attachment::Document, "a.bin", "a/b", vec![7; size]);
        let said = rig.telegram.send(ANN, ANN, file);
        let id = rig.messages_from(said.update_id).await[0]["document"]["file_id"].clone();
        if size == limit {
            let link = rig.link(&id).await;
            assert_eq!(rig.download(&link).await.0.len(), limit);
            continue;
        }
        let refused = rig.refusal("getFile", json!({ "file_id": id })).await;
        assert_eq!(refused, (400, "Bad Request: file is too big".to_owned()));
    }
    let unknown = rig.refusal("getFile", json!({"file_id": "forged"})).await;
    assert_eq!(unknown.0, 400, "{}", unknown.1);
}

#[tokio::test]
async fn a_local_server_has_files_of_any_size_on_disk_only() {
    let directory = std::env::temp_dir().join(format!("playground-files-{}", std::process::id()));
    let local_files = Some(directory.clone());
    let rig = Rig::with(Settings { local_files, ..Settings::default() }).await;
    let size = 20 * 1024 * 1024 + 1;
    let said = rig.telegram.send(ANN, ANN, NewFile::new(Attachment::Document, "a.bin", "a/b", vec![7; size]));
    let id = rig.messages_from(said.update_id).await[0]["document"]["file_id"].clone();
    let found = rig.call("getFile", json!({ "file_id": id })).await;
    let path = found["file_path"].as_str().unwrap();
    assert!(path.starts_with('/'), "{path}");
    assert_eq!(std::fs::read(path).unwrap(), vec![7; size]);
    for place in [path, path.trim_start_matches('/'), "documents/file_1.bin"] {
        let link = format!("{}/file/bot{}/{place}", rig.telegram.url(), Settings::default().token);
        assert_eq!(rig.client.get(link).send().await.unwrap().status(), 404, "{place}");
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn downloads_fail_on_order() {
    let rig = Rig::start().await;
    let said = rig.telegram.send(ANN, ANN, NewFile::pdf("a.pdf", 20));
    let whole = samples::pdf(20);
    let link = rig.link(&rig.messages_from(said.update_id).await[0]["document"]["file_id"]).await;
    let telegram = &rig.telegram;
    telegram.fail_next("*", 1, Fault::Status(500));
    assert_eq!(rig.download(&link).await.0, whole, "a fault of any method is not one of downloads");
    telegram.fail_next("download", 1, Fault::Status(502));
    assert_eq!(rig.client.get(&link).send().await.unwrap().status().as_u16(), 502);
    telegram.fail_next("download", 1, Fault::Flood { retry_after_s: 3 });
    let flood: Value = rig.client.get(&link).send().await.unwrap().json().await.unwrap();
    assert_eq!(flood["parameters"]["retry_after"], json!(3));
    telegram.fail_next("download", 1, Fault::DropConnection);
    assert_eq!(rig.download(&link).await, (Vec::new(), false));
    telegram.fail_next("download", 1, Fault::DropAfter);
    let (some, ended) = rig.download(&link).await;
    assert!(!ended && whole.starts_with(&some) && some.len() <= whole.len() / 2, "{} bytes", some.len());
    telegram.fail_next("download", 1, Fault::Hang(Duration::from_millis(1)));
    assert_eq!(rig.download(&link).await, (whole.clone(), true));
    let answers: Vec<CallOutcome> =
        telegram.downloads().into_iter().map(|download| download.answer).collect();
    assert_eq!(answers[3..], [CallOutcome::Cut, CallOutcome::Cut, CallOutcome::Ok]);

    let hold = telegram.hold("download");
    let watch = async {
        hold.waiting().await;
        assert_eq!(telegram.downloads()[6].answer, CallOutcome::Waiting);
        hold.release();
    };
    let (got, ()) =
        tokio::time::timeout(BOUND, async { tokio::join!(rig.download(&link), watch) }).await.unwrap();
    assert_eq!(got, (whole, true));

    for (link, status) in
        [(link.replace("documents", "nowhere"), 404), (link.replace("TEST-TOKEN", "OTHER"), 401)]
    {
        assert_eq!(rig.client.get(&link).send().await.unwrap().status().as_u16(), status, "{link}");
    }
}

#[tokio::test]
async fn each_kind_of_file_is_described_like_the_real_one() {
    let rig = Rig::start().await;
    let webp = b"RIFF\0\0\0\0WEBPVP8X".to_vec();
    for (file, field, expected) in [
        (NewFile::voice(3), "voice", json!({"duration": 3, "mime_type": "audio/ogg"})),
        (NewFile::voice(0), "voice", json!({"duration": 0})),
        (NewFile::voice(1_200), "voice", json!({"duration": 1_200})),
        (NewFile::voice(3).with(json!({"duration": 90})), "voice", json!({"duration": 90})),
        (NewFile::video_note(7), "video_note", json!({"duration": 7, "length": 384, "mime_type": null})),
        (NewFile::audio("song.mp3", 9), "audio", json!({"duration": 9, "file_name": "song.mp3"})),
        (NewFile::video("a.mp4", 5), "video", json!({"duration": 5, "mime_type": "video/mp4"})),
        (NewFile::animation("cat.mp4"), "animation", json!({"width": 1280, "file_name": "cat.mp4"})),
        (NewFile::animation("cat.mp4"), "document", json!({"width": null, "file_name": "cat.mp4"})),
        (
            NewFile::sticker("😎", "image/webp", webp.clone()),
            "sticker",
            json!({"emoji": "😎", "is_animated": false, "is_video": false, "file_name": null}),
        ),
        (
            NewFile::sticker("😎", "application/x-tgsticker", vec![31, 139]),
            "sticker",
            json!({"is_animated": true, "is_video": false}),
        ),
        (
            NewFile::sticker("😎", "video/webm", webp),
            "sticker",
            json!({"is_animated": false, "is_video": true}),
        ),
    ] {
        let size = file.bytes.len();
        let said = rig.telegram.send(ANN, ANN, file);
        let message = rig.messages_from(said.update_id).await.remove(0);
        assert_eq!(message[field]["file_size"], json!(size), "{message}");
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&message[field][key], value, "{key} of {message}");
        }
    }
}

#[tokio::test]
async fn names_of_files_are_those_of_the_sender() {
    let rig = Rig::start().await;
    let long = format!("{}.pdf", "я".repeat(296));
    for (name, path_ends) in [
        ("Отчёт за май.pdf", ".pdf"),
        ("", "file_2"),
        (long.as_str(), ".pdf"),
        ("../../etc/passwd", "file_4"),
        ("a.tar/../b", "file_5"),
        ("noending", "file_6"),
    ] {
        let said = rig.telegram.send(ANN, ANN, NewFile::pdf(name, 1));
        let document = rig.messages_from(said.update_id).await.remove(0)["document"].clone();
        assert_eq!(document["file_name"].as_str().unwrap_or_default(), name);
        assert_eq!(document.get("file_name").is_none(), name.is_empty());
        let link = rig.link(&document["file_id"]).await;
        assert!(link.ends_with(path_ends) && link.contains("/documents/file_"), "{link}");
    }
}

#[tokio::test]
async fn messages_that_are_no_files() {
    let rig = Rig::start().await;
    for (fields, key) in [
        (kinds::contact("Bob", "+49 30 1"), "contact"),
        (kinds::location(52.5, 13.4), "location"),
        (kinds::live_location(52.5, 13.4), "location"),
        (kinds::venue("Zoo", "Berlin", 52.5, 13.4), "venue"),
        (kinds::poll("Tea?", &["yes", "no"]), "poll"),
        (kinds::dice("🎲", 6), "dice"),
        (kinds::story(44, "Bob"), "story"),
        (kinds::checklist("Trip", &[("pack", true), ("go", false)]), "checklist"),
        (kinds::unknown(), "hologram"),
    ] {
        let said = rig.telegram.say_with(ANN, ANN, None, fields.clone());
        let message = rig.messages_from(said.update_id).await.remove(0);
        assert_eq!(message[key], fields[key]);
        assert_eq!(message["text"], Value::Null);
    }
    let forwarded = NewFile::photo(90, 90).in_message(kinds::forwarded_from(44, "Bob"));
    let said = rig.telegram.send(ANN, ANN, forwarded);
    let message = rig.messages_from(said.update_id).await.remove(0);
    assert_eq!(message["forward_origin"]["sender_user"]["first_name"], json!("Bob"));
    assert!(message["photo"].is_array());
}
