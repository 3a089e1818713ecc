//! What tests of a client rely on: gates, pace, prompt notice of a client that leaves, records.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::{Anthropic, Gate, Outcome, Recorded, Reply, Settings, Step, StopReason};
use super::{BOUND, HttpAnswer, answer, ask, post, start, with};

/// Waits for the outcome of the only request.
async fn outcome(api: &Anthropic, bound: Duration) -> Recorded {
    let closed = |requests: &[Recorded]| requests.first().filter(|r| r.outcome != Outcome::Open).cloned();
    api.until("the end of the request", bound, closed).await.unwrap()
}

#[tokio::test]
async fn a_gate_holds_the_stream() {
    let api = start().await;
    let (gate, keeper) = Gate::new();
    api.script(Reply::steps(vec![
        Step::Text("before".to_owned()),
        Step::Gate(gate),
        Step::Text(" after".to_owned()),
        Step::Stop(StopReason::EndTurn),
    ]));
    let mut response = post(&api, "/v1/messages", &ask("hi")).send().await.unwrap();
    keeper.reached().await;
    let mut text = String::new();
    while !text.contains("before") {
        text += std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap();
    }
    assert_eq!(api.open_streams(), 1);
    assert!(!text.contains("after"));
    let open = api.requests().remove(0);
    assert!(open.first_delta_at.is_some() && open.last_byte_at.is_none());
    keeper.open();
    while let Some(chunk) = response.chunk().await.unwrap() {
        text += std::str::from_utf8(&chunk).unwrap();
    }
    let found = HttpAnswer { status: 200, headers: response.headers().clone(), text, broken: false };
    assert_eq!(found.said(), "before after");
    let done = outcome(&api, BOUND).await;
    assert_eq!((done.outcome, api.open_streams()), (Outcome::Finished, 0));
    assert!(done.last_byte_at >= done.first_delta_at);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_at_once() {
    for (name, step) in [
        ("hang", vec![Step::Text("a".to_owned()), Step::Hang]),
        ("gate", vec![Step::Text("a".to_owned()), Step::Gate(Gate::new().0)]),
        ("wait", vec![Step::Text("a".to_owned()), Step::Wait(Duration::from_mins(1))]),
        ("slow", vec![Step::Slow(Duration::from_secs(20)), Step::Text("a b".to_owned())]),
    ] {
        for stream in [true, false] {
            let api = start().await;
            // A dropped keeper opens its gate, so the gate of the table is replaced by a held one.
            let (gate, keeper) = Gate::new();
            let steps = step
                .iter()
                .cloned()
                .map(|s| if let Step::Gate(_) = s { Step::Gate(gate.clone()) } else { s });
            api.script(Reply::steps(steps.collect()));
            let body = with(ask("hi"), "stream", json!(stream));
            let request = tokio::spawn(post(&api, "/v1/messages", &body).send());
            let seen = |requests: &[Recorded]| (!requests.is_empty()).then_some(());
            api.until("the request", BOUND, seen).await.unwrap();
            let response = if stream {
                Some(request.await.unwrap().unwrap())
            } else {
                request.abort();
                None
            };
            assert_eq!(api.open_streams(), usize::from(stream), "{name}");
            drop(response);
            let closed = outcome(&api, Duration::from_secs(2)).await;
            assert_eq!(closed.outcome, Outcome::ClosedByClient, "{name}, stream {stream}");
            assert_eq!(api.open_streams(), 0);
            drop(keeper);
        }
    }
}

#[tokio::test]
async fn pace_is_kept() {
    let api = start().await;
    api.set_pace(Duration::from_millis(60), Duration::from_millis(10));
    let started = Instant::now();
    let found = answer(&api, &ask(&"x".repeat(24 * 5 - 10))).await;
    let deltas = found.events().iter().filter(|event| event["type"] == "content_block_delta").count();
    assert_eq!(deltas, 5);
    assert!(started.elapsed() >= Duration::from_millis(60 + 4 * 10), "{:?}", started.elapsed());
    let record = api.requests().remove(0);
    assert!(record.first_delta_at.unwrap() - record.at >= Duration::from_millis(60));
}

#[tokio::test]
async fn stopping_breaks_open_streams_and_frees_the_port() {
    let api = start().await;
    let mut response = post(&api, "/v1/messages", &ask("!stall")).send().await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    let port = api.url().rsplit(':').next().unwrap().parse().unwrap();
    api.stop().await;
    let end = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert!(end.is_err(), "{end:?}");
    assert_eq!(outcome(&api, BOUND).await.outcome, Outcome::Cut);
    let again = Anthropic::start(Settings { port, ..Settings::default() }).await.unwrap();
    assert_eq!(answer(&again, &ask("hi")).await.said(), "You said: hi");
}

#[tokio::test]
async fn until_tells_what_it_missed() {
    let api = start().await;
    answer(&api, &ask("hello")).await;
    let missing = |_: &[Recorded]| None::<()>;
    let error =
        api.until("a second request", Duration::from_millis(1), missing).await.unwrap_err().to_string();
    assert!(
        error.contains("a second request") && error.contains("hello") && error.contains("1 requests"),
        "{error}"
    );
}

#[tokio::test]
async fn a_thousand_streams_at_once() {
    let api = start().await;
    api.set_pace(Duration::ZERO, Duration::from_millis(20));
    let client = reqwest::Client::new();
    let body = ask(&"x".repeat(24 * 10 - 10));
    let one = || {
        let request = client
            .post(format!("{}/v1/messages", api.url()))
            .header("x-api-key", "sk-ant-test")
            .header("anthropic-version", "2026-10-21")
            .json(&body);
        HttpAnswer::to(request)
    };
    let answers = futures::future::join_all((0..1000).map(|_| one())).await;
    assert!(answers.iter().all(|answer| answer.said().len() == 240));
    assert_eq!((api.accepted().len(), api.open_streams()), (1000, 0));
}

#[tokio::test]
async fn a_raw_answer_is_sent_as_it_stands_and_nothing_else() {
    let api = start().await;
    let raw = || Step::Raw(vec!["{\"type\":\"odd\",\"text\":\"\\ud83d\"}".to_owned(), "no JSON".to_owned()]);
    let sent = "data: {\"type\":\"odd\",\"text\":\"\\ud83d\"}\n\ndata: no JSON\n\n";
    for (last, broken) in [(None, false), (Some(Step::Cut), true)] {
        api.script(Reply::steps([Step::Text("never".to_owned()), raw()].into_iter().chain(last).collect()));
        let found = answer(&api, &ask("hi")).await;
        assert_eq!((found.text.as_str(), found.broken), (sent, broken));
    }
}
