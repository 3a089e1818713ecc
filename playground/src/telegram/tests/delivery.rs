//! How updates reach the bot: offsets, long polls, filters, a second poller, webhooks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

use super::super::CallOutcome;
use super::{ANN, BOUND, Rig};

fn ids(updates: &[Value]) -> Vec<i64> {
    updates.iter().map(|update| update["update_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn offsets_confirm() {
    let rig = Rig::start().await;
    let said: Vec<i64> = (0..4).map(|n| rig.telegram.say(ANN, ANN, &format!("m{n}")).update_id).collect();
    assert_eq!(ids(&rig.updates(0).await), said, "nothing is confirmed without an offset");
    let two = rig.call("getUpdates", json!({"limit": 2})).await;
    assert_eq!(ids(two.as_array().unwrap()), said[..2]);
    assert_eq!(ids(&rig.updates(said[1]).await), said[1..]);
    assert_eq!((rig.telegram.confirmed_offset(), rig.telegram.unconfirmed()), (said[1], 3));
    assert_eq!(
        ids(&rig.updates(-1).await),
        said[3..],
        "a negative offset counts from the end and forgets the rest"
    );
    assert_eq!(ids(&rig.updates(0).await), said[3..]);
    assert!(rig.telegram.redeliver(said[0]));
    assert_eq!(
        ids(&rig.updates(said[3] + 1).await),
        [said[0]],
        "a redelivery comes once, though it is confirmed"
    );
    assert_eq!(ids(&rig.updates(said[3] + 1).await), Vec::<i64>::new());
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_update() {
    let rig = Rig::start().await;
    let poll = rig.call("getUpdates", json!({"timeout": 50}));
    let speak = async {
        let polling = |view: &super::super::View<'_>| {
            view.calls_of("getUpdates").next().map(|call| call.answer.clone())
        };
        let answer = rig.telegram.until("the poll", BOUND, polling).await.unwrap();
        assert_eq!(answer, CallOutcome::Waiting);
        rig.telegram.say(ANN, ANN, "hi")
    };
    let (updates, said) = tokio::time::timeout(BOUND, async { tokio::join!(poll, speak) }).await.unwrap();
    assert_eq!(ids(updates.as_array().unwrap()), [said.update_id]);
}

#[tokio::test]
async fn a_second_poll_terminates_the_first() {
    let rig = Rig::start().await;
    let second = async {
        let waits = |view: &super::super::View<'_>| view.calls_of("getUpdates").next().map(|_| ());
        rig.telegram.until("the first poll", BOUND, waits).await.unwrap();
        rig.call("getUpdates", json!({"timeout": 0})).await
    };
    let (first, second) = tokio::join!(rig.refusal("getUpdates", json!({"timeout": 50})), second);
    let sentence =
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    assert_eq!((first, second), ((409, sentence.to_owned()), json!([])));
}

#[tokio::test]
async fn kinds_are_filtered_when_they_are_created() {
    let rig = Rig::start().await;
    let member = json!({"chat_member": {"chat": {"id": ANN}}});
    assert_eq!(rig.telegram.push_update(member.clone()), 0, "not in the default set");
    rig.call("getUpdates", json!({"allowed_updates": ["chat_member", "stopped_message_generation"]})).await;
    assert_eq!(rig.telegram.say(ANN, ANN, "hi").update_id, 0);
    assert!(rig.telegram.push_update(member) > 0);
    assert!(rig.telegram.push_update(json!({"something_new": {}})) > 0, "kinds nobody knows always come");
    let kinds: Vec<String> = rig
        .updates(0)
        .await
        .iter()
        .flat_map(|update| {
            update.as_object().unwrap().keys().filter(|key| *key != "update_id").cloned().collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(kinds, ["chat_member", "something_new"]);
}

/// A webhook that notes what it gets and refuses the first `failures` deliveries.
async fn receiver(failures: usize) -> (String, Arc<Mutex<Vec<(String, Value)>>>) {
    let seen: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let (notes, left) = (Arc::clone(&seen), Arc::new(Mutex::new(failures)));
    let take = move |headers: HeaderMap, body: String| {
        let secret =
            headers.get("x-telegram-bot-api-secret-token").map(|value| value.to_str().unwrap().to_owned());
        let mut left = left.lock().unwrap();
        let status = if *left > 0 { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
        *left = left.saturating_sub(1);
        if status == StatusCode::OK {
            notes.lock().unwrap().push((secret.unwrap_or_default(), serde_json::from_str(&body).unwrap()));
        }
        let reply = json!({"method": "sendMessage", "chat_id": ANN, "text": "from the webhook"}).to_string();
        async move { (status, reply) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(take))).await });
    (url, seen)
}

#[tokio::test]
async fn a_webhook_gets_updates_in_order_and_again_after_a_failure() {
    let rig = Rig::start().await;
    let (url, seen) = receiver(2).await;
    rig.call("setWebhook", json!({"url": url, "secret_token": "s3cret"})).await;
    let conflict = rig.refusal("getUpdates", json!({})).await;
    assert!(conflict.0 == 409 && conflict.1.contains("can't use getUpdates method while webhook is active"));
    let said: Vec<i64> = (0..5).map(|n| rig.telegram.say(ANN, ANN, &format!("m{n}")).update_id).collect();
    let done = |view: &super::super::View<'_>| (view.unconfirmed() == 0).then_some(());
    rig.telegram.until("all deliveries", BOUND, done).await.unwrap();
    let seen: Vec<(String, i64)> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(secret, update)| (secret.clone(), update["update_id"].as_i64().unwrap()))
        .collect();
    assert_eq!(seen, said.iter().map(|id| ("s3cret".to_owned(), *id)).collect::<Vec<_>>());
    let info = rig.call("getWebhookInfo", json!({})).await;
    assert!(info["last_error_message"].as_str().unwrap().contains("502"), "{info}");
    let answered =
        rig.telegram.messages(ANN).iter().filter(|message| message.text == "from the webhook").count();
    assert_eq!(answered, 5, "a method in the webhook's reply is called");
    rig.call("deleteWebhook", json!({"drop_pending_updates": true})).await;
    assert_eq!(rig.call("getWebhookInfo", json!({})).await["url"], json!(""));
    assert_eq!(rig.updates(0).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_caller_is_recorded_with_the_name_in_its_address() {
    let rig = Rig::start().await;
    let token = super::super::Settings::default().token;
    for base in [rig.telegram.url(), rig.telegram.url_for("2-1")] {
        let answer = rig.client.get(format!("{base}/bot{token}/getMe")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let callers: Vec<Option<String>> = rig.telegram.calls().into_iter().map(|call| call.caller).collect();
    assert_eq!(callers, [None, Some("2-1".to_owned())]);
}

#[tokio::test]
async fn a_stopped_emulator_ends_its_polls() {
    let rig = Rig::start().await;
    let stop = async {
        let waits = |view: &super::super::View<'_>| view.calls_of("getUpdates").next().map(|_| ());
        rig.telegram.until("the poll", BOUND, waits).await.unwrap();
        rig.telegram.stop().await;
    };
    let both = async { tokio::join!(rig.call("getUpdates", json!({"timeout": 50})), stop) };
    let (updates, ()) = tokio::time::timeout(Duration::from_secs(5), both).await.unwrap();
    assert_eq!(updates, json!([]));
    assert!(rig.try_call("getMe", &json!({})).await.is_err());
}
