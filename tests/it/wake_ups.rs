//! Wake-ups between instances, through a real Redis: they arrive at once, and nothing waits when they cannot.

#![expect(clippy::print_stdout, reason = "how fast a wake-up arrives is a figure to read")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use starling::cache::wake::WakeUps;
use starling::cache::{Cache, Origin};
use starling::config;
use starling::domain::bucket::Bucket;
use starling::domain::ids::ChatId;
use starling::telemetry::metrics::Metrics;
use tokio::task::JoinHandle;

use crate::harness::BOUND;
use crate::harness::redis::Redis;

/// One instance, as far as wake-ups go.
struct Sleeper {
    wake_ups: WakeUps,
    metrics: Metrics,
    running: JoinHandle<()>,
}

impl Sleeper {
    /// Starts an instance, and waits until wake-ups arrive there.
    async fn of(server: &config::Redis, drops: u64) -> Self {
        let sleeper = Self::without(Some(server), drops);
        sleeper.until_arriving(1).await;
        sleeper
    }

    fn without(server: Option<&config::Redis>, drops: u64) -> Self {
        let metrics = Metrics::new().unwrap();
        let origin = Origin { database: "db".to_owned(), timeline: "1".to_owned() };
        let cache = match server {
            Some(server) => Cache::open(server, &origin, metrics.clone()).unwrap(),
            None => Cache::disabled(),
        };
        let wake_ups = WakeUps::new(metrics.clone(), drops);
        wake_ups.attach(&cache);
        let runs = wake_ups.clone();
        let running = tokio::spawn(async move { runs.run().await });
        Self { wake_ups, metrics, running }
    }

    async fn until_arriving(&self, value: i64) {
        self.until("wake-ups arrive", || self.metrics.wake_ups_received.get() == value).await;
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let looking = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(BOUND, looking).await.expect(what);
    }

    /// Waits until all of these buckets were named by others.
    async fn hears(&self, buckets: &[u16]) {
        let mut missing: BTreeSet<u16> = buckets.iter().copied().collect();
        let hearing = async {
            while !missing.is_empty() {
                for bucket in self.wake_ups.woken().await {
                    missing.remove(&bucket.short_number());
                }
            }
        };
        tokio::time::timeout(BOUND, hearing).await.unwrap();
    }

    fn wake(&self, buckets: impl IntoIterator<Item = u16>) {
        self.wake_ups.wake(buckets.into_iter().filter_map(Bucket::numbered));
    }

    fn counted(&self, result: &str) -> u64 {
        self.metrics.wake_ups.with_label_values(&[result]).get()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn settings(redis: &Redis) -> config::Redis {
    config::Redis::at(redis.url().into())
}

#[tokio::test]
async fn others_hear_at_once_which_buckets_have_work() {
    let redis = Redis::start().await;
    let server = settings(&redis);
    let (one, two, three) =
        (Sleeper::of(&server, 0).await, Sleeper::of(&server, 0).await, Sleeper::of(&server, 0).await);
    let sent = Instant::now();
    one.wake([5, 1_023, 5]);
    two.hears(&[5, 1_023]).await;
    println!("a wake-up arrives after {:?}", sent.elapsed());
    three.hears(&[5, 1_023]).await;
    assert_eq!((one.counted("sent"), two.counted("received"), three.counted("received")), (2, 2, 2));
    two.wake([0]);
    one.hears(&[0]).await;
    assert_eq!(one.counted("received"), 1, "nobody wakes itself");
    // What is named often becomes few messages.
    for _ in 0..100 {
        one.wake(0..1_024);
    }
    two.hears(&(0..1_024).collect::<Vec<_>>()).await;
    let keys: Vec<String> = redis.keys("wake").await;
    assert!(keys.is_empty(), "nothing is stored: {keys:?}");
    // What another version says, and what nobody says, does no harm.
    for message in ["", "{}", "[]", r#"{"buckets":[70000]}"#, r#"{"buckets":[3,2000],"more":1}"#] {
        redis.ask::<i64>(&["PUBLISH", "starling:2:db:wake-ups", message]).await;
    }
    two.hears(&[3]).await;
}

#[tokio::test]
async fn penalties_are_passed_on() {
    let redis = Redis::start().await;
    let server = settings(&redis);
    let (one, two) = (Sleeper::of(&server, 0).await, Sleeper::of(&server, 0).await);
    one.wake_ups.tell_penalty(ChatId(-42), Duration::from_millis(2_500));
    let heard = tokio::time::timeout(BOUND, two.wake_ups.penalties()).await.unwrap();
    assert_eq!(heard, [(ChatId(-42), Duration::from_millis(2_500))]);
    // Nonsense stops nobody for ever.
    let nonsense = format!(r#"{{"penalties":[[7,{}]]}}"#, u64::MAX);
    redis.ask::<i64>(&["PUBLISH", "starling:2:db:wake-ups", &nonsense]).await;
    let heard = tokio::time::timeout(BOUND, two.wake_ups.penalties()).await.unwrap();
    assert_eq!(heard, [(ChatId(7), Duration::from_secs(86_400))]);
}

#[tokio::test]
async fn a_redis_that_is_away_costs_wake_ups_and_no_time() {
    let mut redis = Redis::start().await;
    let server = settings(&redis);
    let (one, two) = (Sleeper::of(&server, 0).await, Sleeper::of(&server, 0).await);
    redis.kill().await;
    two.until_arriving(0).await;
    let called = Instant::now();
    for round in 0..50 {
        one.wake([round]);
        tokio::task::yield_now().await;
    }
    assert!(called.elapsed() < Duration::from_secs(1), "nobody waits: {:?}", called.elapsed());
    one.until("they are given up", || one.counted("dropped") > 0).await;
    redis.run().await;
    one.until_arriving(1).await;
    two.until_arriving(1).await;
    // The breaker of `one` may be open for a while; another instance has none that is.
    let three = Sleeper::of(&server, 0).await;
    three.wake([77]);
    one.hears(&[77]).await;
    two.hears(&[77]).await;
}

#[tokio::test]
async fn a_connection_that_has_died_silently_is_opened_anew() {
    let redis = Redis::start().await;
    let server = settings(&redis);
    let one = Sleeper::of(&server, 0).await;
    redis.hang();
    one.until_arriving(0).await;
    redis.go_on();
    one.until_arriving(1).await;
    let two = Sleeper::of(&server, 0).await;
    two.wake([9]);
    one.hears(&[9]).await;
}

#[tokio::test]
async fn wake_ups_go_through_an_encrypted_connection() {
    let Some(redis) = Redis::start_encrypted().await else { return };
    let authority = std::fs::read_to_string(redis.authority()).unwrap();
    let mut server = settings(&redis);
    server.certificates = Some(authority);
    let (one, two) = (Sleeper::of(&server, 0).await, Sleeper::of(&server, 0).await);
    one.wake([1]);
    two.hears(&[1]).await;
}

#[tokio::test]
async fn a_test_may_lose_every_tenth_wake_up() {
    let redis = Redis::start().await;
    let server = settings(&redis);
    let (one, two) = (Sleeper::of(&server, 10).await, Sleeper::of(&server, 0).await);
    one.wake(0..100);
    let heard = tokio::time::timeout(BOUND, two.wake_ups.woken()).await.unwrap();
    assert_eq!((heard.len(), one.counted("dropped"), one.counted("sent")), (90, 10, 90));
}

#[tokio::test]
async fn without_redis_nothing_is_sent_and_nothing_waits() {
    let lone = Sleeper::without(None, 0);
    lone.wake(0..1_024);
    assert!(tokio::time::timeout(Duration::from_millis(50), lone.wake_ups.woken()).await.is_err());
    assert_eq!((lone.counted("sent"), lone.counted("dropped")), (0, 0));
}
