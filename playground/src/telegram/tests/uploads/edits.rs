//! Captions and files of sent messages, edited by the bot or by a person.

use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::super::{ANN, Rig};
use super::{album, part};
use crate::samples;
use crate::telegram::{Attachment, NewFile};

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
