//! Drafts: every state is remembered, the screen shows one, a final message ends it, a person stops it.

use serde_json::{Value, json};

use super::{ANN, Rig};

#[tokio::test]
async fn a_draft_grows_and_ends_with_the_message() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    for text in ["", "Hel", "Hello"] {
        let shown = rig.call("sendMessageDraft", json!({"chat_id": ANN, "draft_id": 5, "text": text})).await;
        assert_eq!(shown, json!(true));
    }
    assert_eq!(rig.telegram.live_draft(ANN).map(|draft| draft.text), Some("Hello".to_owned()));
    rig.call("sendMessage", json!({"chat_id": ANN, "text": "Hello!"})).await;
    assert!(rig.telegram.live_draft(ANN).is_none());
    let states: Vec<String> = rig.telegram.drafts(ANN).into_iter().map(|draft| draft.text).collect();
    assert_eq!(states, ["", "Hel", "Hello"]);
}

#[tokio::test]
async fn a_message_ends_only_the_draft_of_its_topic() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let topic = rig.telegram.create_topic(ANN, "Trip");
    let draft = json!({"chat_id": ANN, "draft_id": 5, "text": "x", "message_thread_id": topic});
    rig.call("sendMessageDraft", draft).await;
    rig.call("sendMessage", json!({"chat_id": ANN, "text": "elsewhere"})).await;
    assert_eq!(rig.telegram.live_draft(ANN).and_then(|draft| draft.topic), Some(topic));
    rig.call("sendMessage", json!({"chat_id": ANN, "text": "here", "message_thread_id": topic})).await;
    assert!(rig.telegram.live_draft(ANN).is_none());
}

#[tokio::test]
async fn a_stop_button_becomes_an_update() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    rig.call("getUpdates", json!({"allowed_updates": ["message", "stopped_message_generation"]})).await;
    let draft = |id: i64, can_stop: bool, keep: bool| json!({"chat_id": ANN, "draft_id": id, "text": "x", "can_stop": can_stop, "keep_on_stop": keep});
    rig.call("sendMessageDraft", draft(1, false, false)).await;
    assert_eq!(rig.telegram.press_stop(ANN, 1), None, "this draft has no button");
    rig.call("sendMessageDraft", draft(2, true, true)).await;
    let update = rig.telegram.press_stop(ANN, 2).unwrap();
    assert!(rig.telegram.live_draft(ANN).is_some(), "kept on stop");
    rig.call("sendMessageDraft", draft(3, true, false)).await;
    rig.telegram.press_stop(ANN, 3).unwrap();
    assert!(rig.telegram.live_draft(ANN).is_none());
    let updates = rig.updates(update).await;
    let seen: Vec<&Value> =
        updates.iter().map(|update| &update["stopped_message_generation"]["draft_id"]).collect();
    assert_eq!(seen, [&json!(2), &json!(3)]);
}
