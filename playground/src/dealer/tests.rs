//! Who gets a delivery, and what the sender is told.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

const BOUND: Duration = Duration::from_secs(30);

/// An instance that says what it is told to say.
struct Instance {
    upstream: Upstream,
    is_ready: Arc<AtomicBool>,
    status: Arc<AtomicU16>,
    _serving: Serving,
}

impl Instance {
    async fn start(name: &str) -> Self {
        let (is_ready, status) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU16::new(200)));
        let (ready, says) = (Arc::clone(&is_ready), Arc::clone(&status));
        let code = |code: u16| StatusCode::from_u16(code).unwrap();
        let router = Router::new()
            .route(
                "/ready",
                get(move || async move { code(if ready.load(Ordering::Relaxed) { 200 } else { 503 }) }),
            )
            .route(
                "/telegram",
                post(move |headers: HeaderMap| async move {
                    assert_eq!(headers["x-telegram-bot-api-secret-token"], "s3cret");
                    code(says.load(Ordering::Relaxed))
                }),
            );
        let serving = Serving::start("instance", 0, router, CancellationToken::new()).await.unwrap();
        let address = serving.address();
        let upstream = Upstream { name: name.to_owned(), webhook: address, operators: address };
        Self { upstream, is_ready, status, _serving: serving }
    }
}

/// A load balancer before two instances that are ready.
async fn two() -> (Dealer, [Instance; 2]) {
    let dealer = Dealer::start().await.unwrap();
    let instances = [Instance::start("a").await, Instance::start("b").await];
    for (place, instance) in instances.iter().enumerate() {
        dealer.set(place, instance.upstream.clone());
        dealer.sees(place, true, BOUND).await.unwrap();
    }
    (dealer, instances)
}

async fn deliver(dealer: &Dealer, update: i64) -> u16 {
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(dealer.url());
    let request = request.header("X-Telegram-Bot-Api-Secret-Token", "s3cret");
    request.json(&json!({"update_id": update})).send().await.unwrap().status().as_u16()
}

/// Who got each update, and the answer.
fn record(dealer: &Dealer) -> Vec<(i64, Option<String>, u16)> {
    let record = dealer.record().into_iter();
    record.map(|delivery| (delivery.update.unwrap(), delivery.to, delivery.status)).collect()
}

#[tokio::test]
async fn updates_are_dealt_in_turn() {
    let (dealer, _instances) = two().await;
    for update in 10..14 {
        assert_eq!(deliver(&dealer, update).await, 200);
    }
    let to = ["a", "b", "a", "b"].map(|name| Some(name.to_owned()));
    assert_eq!(record(&dealer), (10..14).zip(to).map(|(n, to)| (n, to, 200)).collect::<Vec<_>>());
    assert_eq!(dealer.shares(), [("a".to_owned(), 2), ("b".to_owned(), 2)]);
}

#[tokio::test]
async fn an_instance_that_is_not_ready_gets_nothing_until_it_is() {
    let (dealer, instances) = two().await;
    instances[0].is_ready.store(false, Ordering::Relaxed);
    dealer.sees(0, false, BOUND).await.unwrap();
    assert_eq!(deliver(&dealer, 10).await, 200);
    instances[0].is_ready.store(true, Ordering::Relaxed);
    dealer.sees(0, true, BOUND).await.unwrap();
    assert_eq!(deliver(&dealer, 12).await, 200);
    let names = ["b", "a"].map(|name| Some(name.to_owned()));
    assert_eq!(record(&dealer).into_iter().map(|(_, to, _)| to).collect::<Vec<_>>(), names);
    for (place, instance) in instances.iter().enumerate() {
        instance.is_ready.store(false, Ordering::Relaxed);
        dealer.sees(place, false, BOUND).await.unwrap();
    }
    assert_eq!(deliver(&dealer, 13).await, 503);
    assert_eq!(record(&dealer).last().unwrap(), &(13, None, 503));
}

#[tokio::test]
async fn a_refused_connection_is_retried_at_the_next_and_an_error_is_passed_back() {
    let (dealer, instances) = two().await;
    // It says that it is ready, but its port for deliveries is closed.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    dealer.set(0, Upstream { webhook: closed, ..instances[0].upstream.clone() });
    dealer.sees(0, true, BOUND).await.unwrap();
    assert_eq!(deliver(&dealer, 10).await, 200);
    instances[1].status.store(503, Ordering::Relaxed);
    assert_eq!(deliver(&dealer, 11).await, 503);
    let b = || Some("b".to_owned());
    assert_eq!(record(&dealer), [(10, b(), 200), (11, b(), 503)], "an instance has it: nobody else gets it");
}

#[tokio::test]
async fn an_instance_that_hangs_up_may_have_taken_the_update_so_it_goes_to_nobody_else() {
    let (dealer, instances) = two().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = silent.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncReadExt as _;
        let (mut connection, _) = silent.accept().await.unwrap();
        connection.read_u8().await.unwrap();
    });
    dealer.set(0, Upstream { webhook, ..instances[0].upstream.clone() });
    dealer.sees(0, true, BOUND).await.unwrap();
    assert_eq!(deliver(&dealer, 10).await, 502);
    assert_eq!(record(&dealer), [(10, Some("a".to_owned()), 502)]);
}
