//! Chats as they stand after what people and the bot did: objects, ids, edits, files.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::super::{Attachment, Settings};
use super::{ANN, FORUM, GROUP, Rig};

#[tokio::test]
async fn every_encoding_is_understood() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let entities = json!([{"type": "bold", "offset": 0, "length": 4}]).to_string();
    let fields = [("chat_id", "42"), ("text", "1234"), ("entities", entities.as_str())];
    let url = rig.address("sENDmESSAGE");
    let mut form = Form::new();
    for (key, value) in fields {
        form = form.text(key, value.to_owned());
    }
    let requests = [
        rig.client.get(&url).query(&fields),
        rig.client.post(&url).form(&fields),
        rig.client.post(&url).multipart(form),
        rig.client.post(&url).json(&json!({"chat_id": 42, "text": "1234", "entities": entities})),
    ];
    for request in requests {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["result"]["text"], json!("1234"), "{answer}");
        assert_eq!(answer["result"]["entities"][0]["type"], json!("bold"), "{answer}");
    }
    let calls = rig.telegram.calls();
    assert_eq!(calls.len(), 4);
    for call in calls {
        assert_eq!((call.method.as_str(), call.chat), ("sendMessage", Some(ANN)));
        assert_eq!(call.params["entities"][0]["type"], json!("bold"));
    }
}

#[tokio::test]
async fn a_conversation_carries_full_objects() {
    let rig = Rig::start().await;
    let said = rig.telegram.say(ANN, ANN, "/start@starling_bot deep");
    let updates = rig.updates(0).await;
    let message = &updates[0]["message"];
    assert_eq!(updates[0]["update_id"], json!(said.update_id));
    assert_eq!(
        message["chat"],
        json!({"id": ANN, "first_name": "Ann", "username": "ann", "type": "private"})
    );
    let from =
        json!({"id": ANN, "is_bot": false, "first_name": "Ann", "username": "ann", "language_code": "en"});
    assert_eq!(message["from"], from);
    assert_eq!(message["entities"], json!([{"type": "bot_command", "offset": 0, "length": 19}]));
    let answer =
        json!({"chat_id": ANN, "text": "hello", "reply_parameters": {"message_id": said.message_id}});
    let answer = rig.call("sendMessage", answer).await;
    assert_eq!(answer["reply_to_message"]["message_id"], json!(said.message_id));
    assert_eq!(answer["from"]["is_bot"], json!(true));
    let other = rig.telegram.say(44, 44, "one counter for all private chats");
    assert_eq!((said.message_id, answer["message_id"].as_i64(), other.message_id), (1, Some(2), 3));
    let group = rig.telegram.say(GROUP, 44, "groups count for themselves");
    assert_eq!(group.message_id, 1);
    let texts: Vec<_> = rig.telegram.messages(ANN).into_iter().map(|m| (m.from_bot, m.text)).collect();
    assert_eq!(texts, [(false, "/start@starling_bot deep".to_owned()), (true, "hello".to_owned())]);
}

#[tokio::test]
async fn edits_are_seen_on_both_sides() {
    let rig = Rig::start().await;
    let said = rig.telegram.say(ANN, ANN, "one");
    rig.telegram.edit(ANN, said.message_id, "two").unwrap();
    let updates = rig.updates(0).await;
    assert_eq!(updates[1]["edited_message"]["text"], json!("two"));
    assert!(updates[1]["edited_message"]["edit_date"].is_i64());
    let sent = rig.call("sendMessage", json!({"chat_id": ANN, "text": "a"})).await;
    let id = sent["message_id"].clone();
    let markup = json!({"inline_keyboard": [[{"text": "b", "callback_data": "c"}]]});
    rig.call(
        "editMessageText",
        json!({"chat_id": ANN, "message_id": id, "text": "b", "reply_markup": markup}),
    )
    .await;
    rig.call("editMessageReplyMarkup", json!({"chat_id": ANN, "message_id": id})).await;
    let shown = rig.telegram.messages(ANN).pop().unwrap();
    assert_eq!((shown.text.as_str(), shown.edits, shown.reply_markup), ("b", 2, None));
    rig.call("deleteMessages", json!({"chat_id": ANN, "message_ids": [id, 999]})).await;
    assert_eq!(rig.telegram.messages(ANN).len(), 1);
}

#[tokio::test]
async fn commands_belong_to_scope_and_language() {
    let rig = Rig::start().await;
    let commands = json!([{"command": "start", "description": "Begin"}]);
    rig.call(
        "setMyCommands",
        json!({"commands": commands, "language_code": "ru", "scope": {"type": "all_private_chats"}}),
    )
    .await;
    assert_eq!(rig.call("getMyCommands", json!({})).await, json!([]));
    let scope = json!({"language_code": "ru", "scope": {"type": "all_private_chats"}});
    assert_eq!(rig.call("getMyCommands", scope.clone()).await, commands);
    rig.call("deleteMyCommands", scope.clone()).await;
    assert_eq!(rig.call("getMyCommands", scope).await, json!([]));
}

#[tokio::test]
async fn files_go_both_ways() {
    let rig = Rig::start().await;
    rig.telegram.send_file(
        ANN,
        ANN,
        Attachment::Photo,
        "a.png",
        "image/png",
        b"\x89PNG\r\n\x1a\nx".to_vec(),
        "look /start",
    );
    rig.telegram.send_file(
        ANN,
        ANN,
        Attachment::Document,
        "big.bin",
        "a/b",
        vec![0; 20 * 1024 * 1024 + 1],
        "",
    );
    let updates = rig.updates(0).await;
    let photo = updates[0]["message"]["photo"].as_array().unwrap().last().unwrap();
    assert_eq!(updates[0]["message"]["caption_entities"][0]["type"], json!("bot_command"));
    let file = rig.call("getFile", json!({"file_id": photo["file_id"]})).await;
    let path = file["file_path"].as_str().unwrap();
    let url = format!("{}/file/bot{}/{path}", rig.telegram.url(), Settings::default().token);
    let bytes = rig.client.get(url).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&bytes[..], b"\x89PNG\r\n\x1a\nx");
    let big = rig.refusal("getFile", json!({"file_id": updates[1]["message"]["document"]["file_id"]})).await;
    assert_eq!(big, (400, "Bad Request: file is too big".to_owned()));

    let part = || Part::bytes(b"text".to_vec()).file_name("notes.txt").mime_str("text/plain").unwrap();
    let upload = Form::new().text("chat_id", "42").text("document", "attach://one").part("one", part());
    let answer: Value = rig
        .client
        .post(rig.address("sendDocument"))
        .multipart(upload)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["result"]["document"]["file_name"], json!("notes.txt"), "{answer}");
    let id = answer["result"]["document"]["file_id"].as_str().unwrap();
    assert_eq!(rig.telegram.file(id), Some(b"text".to_vec()));
    rig.call("sendDocument", json!({"chat_id": ANN, "document": id, "caption": "again"})).await;
    let wrong = Form::new().text("chat_id", "42").part("photo", part());
    let answer: Value = rig
        .client
        .post(rig.address("sendPhoto"))
        .multipart(wrong)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["description"], json!("Bad Request: IMAGE_PROCESS_FAILED"));
}

#[tokio::test]
async fn the_first_messages_have_the_number_that_is_wanted() {
    let rig = Rig::with(Settings { first_message: 5_000, ..Settings::default() }).await;
    let said = [ANN, GROUP, FORUM].map(|chat| rig.telegram.say(chat, ANN, "hello").message_id);
    assert_eq!(said, [5_000, 5_000, 5_000]);
    assert_eq!(rig.telegram.say(GROUP, ANN, "hello again").message_id, 5_001);
}
