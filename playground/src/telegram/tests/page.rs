//! The page's control API: what a browser does reaches the bot, what the bot does reaches the browser.

use std::time::Duration;

use futures::StreamExt as _;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::stars::invoice;
use super::{ANN, BOUND, Rig};

impl Rig {
    async fn play(&self, action: &str, body: Value) -> reqwest::Response {
        let url = format!("{}/play/{action}", self.telegram.url());
        self.client.post(url).json(&body).send().await.unwrap()
    }
}

#[tokio::test]
async fn the_page_and_its_files_are_served() {
    let rig = Rig::start().await;
    let page = rig.client.get(rig.telegram.url()).send().await.unwrap().text().await.unwrap();
    let assets: Vec<&str> = page.split('"').filter(|part| part.starts_with("/page/")).collect();
    assert_eq!(assets.len(), 5, "{page}");
    for asset in assets {
        let response = rig.client.get(format!("{}{asset}", rig.telegram.url())).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{asset}");
    }
}

#[tokio::test]
async fn a_person_on_the_page_is_a_person() {
    let rig = Rig::start().await;
    assert!(rig.play("user", json!({"id": 1001, "first_name": "Page"})).await.status().is_success());
    let said: Value =
        rig.play("say", json!({"chat": 1001, "from": 1001, "text": "hi"})).await.json().await.unwrap();
    rig.play("edit", json!({"chat": 1001, "message_id": said["message_id"], "text": "hello"})).await;
    rig.play("press", json!({"chat": 1001, "from": 1001, "message_id": said["message_id"], "data": "d"}))
        .await;
    rig.play("group", json!({"id": -7, "title": "G", "forum": true, "members": [1001]})).await;
    rig.play("topic", json!({"chat": -7, "from": 1001, "name": "T"})).await;
    rig.play("block", json!({"user": 1001, "blocked": true})).await;
    let file = Part::bytes(b"abc".to_vec()).file_name("a.txt").mime_str("text/plain").unwrap();
    let form =
        Form::new().text("chat", "1001").text("from", "1001").text("kind", "document").part("file", file);
    let url = format!("{}/play/file", rig.telegram.url());
    assert!(rig.client.post(url).multipart(form).send().await.unwrap().status().is_success());
    let kinds: Vec<String> = rig
        .updates(0)
        .await
        .iter()
        .flat_map(|update| {
            update.as_object().unwrap().keys().filter(|key| *key != "update_id").cloned().collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        kinds,
        ["message", "edited_message", "callback_query", "message", "my_chat_member", "message"]
    );
    rig.play("fault", json!({"method": "getMe", "fault": "flood", "seconds": 3})).await;
    assert_eq!(rig.refusal("getMe", json!({})).await.0, 429);
    for (action, body) in [
        ("say", json!({"chat": 5, "from": 6, "text": "x"})),
        ("say", json!({"chat": ANN, "from": ANN, "text": " "})),
        ("stop", json!({"chat": ANN, "draft_id": 1})),
        ("fault", json!({"method": "x", "fault": "unheard"})),
        ("stars", json!({"user": 5, "stars": 1})),
    ] {
        assert_eq!(rig.play(action, body).await.status().as_u16(), 400, "{action}");
    }
}

#[tokio::test]
async fn a_voice_note_from_the_page() {
    let rig = Rig::start().await;
    rig.telegram.open_chat(ANN);
    let note = json!({"chat": ANN, "from": ANN, "seconds": 4});
    assert!(rig.play("voice", note).await.status().is_success());
    let message = rig.updates(0).await.remove(0)["message"].clone();
    assert_eq!(message["voice"]["duration"], json!(4));
    let id = message["voice"]["file_id"].as_str().unwrap();
    let url = format!("{}/play/file/{id}", rig.telegram.url());
    let played = rig.client.get(url).send().await.unwrap();
    assert_eq!(played.headers()["content-type"], "audio/ogg");
    let long = json!({"chat": ANN, "from": ANN, "seconds": 3_601});
    assert_eq!(rig.play("voice", long).await.status().as_u16(), 400);
    let state = rig.client.get(format!("{}/play/state", rig.telegram.url())).send().await.unwrap();
    let state: Value = state.json().await.unwrap();
    let chat = state["chats"].as_array().unwrap().iter().find(|chat| chat["id"] == json!(ANN)).unwrap();
    let file = &chat["messages"][0]["file"];
    assert_eq!((&file["kind"], &file["duration"]), (&json!("voice"), &json!(4)));
}

#[tokio::test]
async fn the_feed_tells_what_changes() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let url = format!("{}/play/events", rig.telegram.url());
    let mut feed = rig.client.get(url).send().await.unwrap().bytes_stream();
    let mut next = async || {
        let chunk = tokio::time::timeout(BOUND, feed.next()).await.unwrap().unwrap().unwrap();
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        serde_json::from_str::<Value>(text.trim().strip_prefix("data: ").unwrap()).unwrap()
    };
    let first = next().await;
    assert_eq!(first["people"]["bot"]["username"], json!("starling_bot"));
    let ann = first["chats"].as_array().unwrap().iter().find(|chat| chat["id"] == json!(ANN)).unwrap();
    assert_eq!(ann["messages"][0]["text"], json!("hi"));
    rig.call("sendMessageDraft", json!({"chat_id": ANN, "draft_id": 1, "text": "<i>", "can_stop": true}))
        .await;
    let second = next().await;
    assert_eq!(second["people"], Value::Null, "people come only when they changed");
    assert_eq!(second["chats"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["chats"][0]["drafts"][0]["text"], json!("<i>"));
    assert_eq!(second["chats"][0]["messages"], Value::Null, "messages come only when they changed");
    assert_eq!(second["calls"][0]["method"], json!("sendMessageDraft"));
    let menu = json!([{"command": "start", "description": "Anfangen"}]);
    let scope = json!({"type": "chat", "chat_id": ANN});
    rig.call("setMyCommands", json!({"commands": menu, "scope": scope, "language_code": "de"})).await;
    let third = next().await;
    let expected = json!([{"scope": format!("chat:{ANN}"), "language": "de", "commands": menu}]);
    assert_eq!(third["people"]["menus"], expected);
    tokio::time::timeout(Duration::from_secs(5), rig.telegram.stop()).await.unwrap();
}

#[tokio::test]
async fn an_invoice_is_paid_on_the_page() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "/pay");
    assert!(rig.play("stars", json!({"user": ANN, "stars": 60})).await.status().is_success());
    let message = rig.call("sendInvoice", invoice(ANN, 50)).await["message_id"].clone();
    let tap = json!({"chat": ANN, "from": ANN, "message_id": message});
    let answer = async {
        let query = rig.telegram.until("the question", BOUND, |view| {
            view.payments(ANN).next().map(|attempt| attempt.query_id.clone())
        });
        let agree = json!({"pre_checkout_query_id": query.await.unwrap(), "ok": true});
        rig.call("answerPreCheckoutQuery", agree).await;
    };
    let (outcome, ()) = tokio::join!(rig.play("pay", tap.clone()), answer);
    let outcome: Value = outcome.json().await.unwrap();
    assert_eq!((&outcome["paid"], &outcome["stars"]), (&json!(true), &json!(50)), "{outcome}");
    let poor: Value = rig.play("pay", tap).await.json().await.unwrap();
    assert_eq!(poor, json!({"paid": false, "reason": "not enough Stars in the wallet"}));

    let state = rig.client.get(format!("{}/play/state", rig.telegram.url())).send().await.unwrap();
    let state: Value = state.json().await.unwrap();
    let users = state["people"]["users"].as_array().unwrap();
    assert_eq!(users.iter().find(|user| user["id"] == json!(ANN)).unwrap()["stars"], json!(10));
    let chat = state["chats"].as_array().unwrap().iter().find(|chat| chat["id"] == json!(ANN)).unwrap();
    let invoice = &chat["messages"][1]["invoice"];
    assert_eq!((&invoice["title"], &invoice["stars"]), (&json!("Balance"), &json!(50)));
    assert_eq!(invoice["receipts"][0]["charge_id"], outcome["charge_id"]);
    assert_eq!(chat["messages"][2]["service"], json!("Ann paid ⭐\u{a0}50"));
    assert_eq!(chat["messages"][2]["receipt"], invoice["receipts"][0]);
}
