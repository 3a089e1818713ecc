//! Faults as the bot meets them, holds, flood limits, and waits that fail.

use std::time::Duration;

use serde_json::json;

use super::super::{CallOutcome, Fault, Feature, Settings, ViolationKind};
use super::{ANN, BOUND, Rig};

#[tokio::test]
async fn planned_faults_come_in_order_and_end() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let send = json!({"chat_id": ANN, "text": "x"});
    rig.telegram.fail_next("SendMessage", 1, Fault::Flood { retry_after_s: 7 });
    rig.telegram.fail_next(
        "sendMessage",
        1,
        Fault::Error { code: 400, description: "Bad Request: no".to_owned() },
    );
    rig.telegram.fail_next("sendMessage", 1, Fault::Status(502));
    rig.telegram.fail_next("sendMessage", 1, Fault::DropConnection);
    rig.telegram.fail_next("sendMessage", 1, Fault::DropAfter);
    rig.telegram.fail_next("sendMessage", 1, Fault::Hang(Duration::from_millis(1)));
    let flood = rig.try_call("sendMessage", &send).await.unwrap();
    assert_eq!((&flood["error_code"], &flood["parameters"]), (&json!(429), &json!({"retry_after": 7})));
    assert_eq!(rig.refusal("sendMessage", send.clone()).await, (400, "Bad Request: no".to_owned()));
    let proxy = rig.client.post(rig.address("sendMessage")).json(&send).send().await.unwrap();
    assert_eq!(proxy.status().as_u16(), 502);
    assert!(rig.try_call("sendMessage", &send).await.unwrap_err().is_request());
    assert_eq!(rig.telegram.messages(ANN).len(), 1, "cut before anything happened");
    assert!(rig.try_call("sendMessage", &send).await.unwrap_err().is_request());
    assert_eq!(rig.telegram.messages(ANN).len(), 2, "cut after it was carried out");
    rig.call("sendMessage", send).await;
    let answers: Vec<CallOutcome> = rig.telegram.calls().into_iter().map(|call| call.answer).collect();
    assert_eq!(answers[3..], [CallOutcome::Cut, CallOutcome::Cut, CallOutcome::Ok]);
}

#[tokio::test]
async fn messages_with_something_unwanted_are_refused_until_it_is_taken_again() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let plain = json!({"chat_id": ANN, "text": "x"});
    let rich = json!({"chat_id": ANN, "text": "x", "entities": [{"type": "bold", "offset": 0, "length": 1}]});
    rig.telegram.refuse(Feature::Entities, "no entities");
    assert_eq!(rig.refusal("sendMessage", rich.clone()).await, (400, "Bad Request: no entities".to_owned()));
    let sent = rig.call("sendMessage", plain.clone()).await;
    rig.telegram.refuse(Feature::Edit, "no edits");
    let edit = json!({"chat_id": ANN, "message_id": sent["message_id"], "text": "y"});
    assert_eq!(rig.refusal("editMessageText", edit.clone()).await, (400, "Bad Request: no edits".to_owned()));
    rig.telegram.refuse(Feature::Text, "nothing");
    assert_eq!(rig.refusal("sendMessage", plain).await, (400, "Bad Request: nothing".to_owned()));
    rig.telegram.refuse_no_more();
    rig.call("sendMessage", rich).await;
    rig.call("editMessageText", edit).await;
}

#[tokio::test]
async fn held_calls_wait_before_they_are_carried_out() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let hold = rig.telegram.hold("sendmessage");
    let watch = async {
        hold.waiting().await;
        assert_eq!(rig.telegram.messages(ANN).len(), 1);
        assert_eq!(rig.telegram.calls()[0].answer, CallOutcome::Waiting);
        hold.release();
    };
    let send = rig.call("sendMessage", json!({"chat_id": ANN, "text": "x"}));
    tokio::time::timeout(BOUND, async { tokio::join!(send, watch) }).await.unwrap();
    assert_eq!(rig.telegram.messages(ANN).len(), 2);
    assert_eq!(rig.telegram.calls()[0].answer, CallOutcome::Ok);
    rig.call("sendMessage", json!({"chat_id": ANN, "text": "no longer held"})).await;
}

#[tokio::test]
async fn flood_limits_count_calls_inside_the_penalty() {
    let rig = Rig::with(Settings { enforce_rates: true, ..Settings::default() }).await;
    rig.telegram.say(ANN, ANN, "hi");
    rig.telegram.say(44, 44, "hi");
    for text in 0..20 {
        rig.call("sendMessageDraft", json!({"chat_id": ANN, "draft_id": 1, "text": format!("{text}")})).await;
    }
    let draft = json!({"chat_id": ANN, "draft_id": 1, "text": "more"});
    let flood = rig.try_call("sendMessageDraft", &draft).await.unwrap();
    let wait = flood["parameters"]["retry_after"].as_i64().unwrap();
    assert!((1..=5).contains(&wait), "{flood}");
    assert_eq!(flood["description"], json!(format!("Too Many Requests: retry after {wait}")));
    assert!(rig.telegram.violations().is_empty(), "the first refusal is no fault of the bot");
    let inside = rig.refusal("sendMessage", json!({"chat_id": ANN, "text": "x"})).await;
    assert_eq!(inside.0, 429, "the penalty is for everything in the chat");
    let violations = rig.telegram.violations();
    assert_eq!((violations.len(), violations[0].kind), (1, ViolationKind::InsidePenalty));
    rig.call("sendMessage", json!({"chat_id": 44, "text": "another chat"})).await;
}

#[tokio::test]
async fn a_wait_in_vain_says_what_for_and_what_there_is() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "anybody there?");
    let error =
        rig.telegram.until("an answer", Duration::ZERO, |_| None::<()>).await.unwrap_err().to_string();
    assert!(error.contains("an answer") && error.contains("anybody there?"), "{error}");
}
