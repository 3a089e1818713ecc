//! Wake-ups: tell the other instances at once that updates wait in some buckets of chats, that buckets are free, and of
//! penalties. They go through publish and subscribe of Redis, so nothing of them is stored. A wake-up may be
//! lost, whenever Redis is away: whoever waits for one also looks into PostgreSQL, once a second.

mod heap;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use rand::Rng;
use redis::{RedisResult, Value};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use self::heap::{Content, Heap, PENALTIES};
use super::client::Priority;
use super::{Cache, CacheError};
use crate::domain::backoff::Backoff;
use crate::domain::bucket::Bucket;
use crate::domain::ids::ChatId;
use crate::telemetry::metrics::Metrics;

/// The first and the longest pause before wake-ups are subscribed to again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));
/// Time limit of connecting, and of an answer on the connection.
const LIMIT: Duration = Duration::from_secs(2);
/// After how long a silence the connection is tested.
const SILENCE: Duration = Duration::from_secs(10);
/// The longest penalty that is believed.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What one message to the other instances says. Fields that are missing or unknown are as good as empty, because
/// instances of two versions may talk to each other.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Message {
    /// Which process has sent it; its own messages come back to it.
    from: u64,
    buckets: Vec<u16>,
    /// Whether its sender has given buckets back.
    are_free: bool,
    /// Chats with a penalty, and for how many milliseconds it lasts.
    penalties: Vec<(i64, u64)>,
}

/// Wake-ups to and from the other instances. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WakeUps(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Identifies this process.
    own: u64,
    cache: watch::Sender<Option<Cache>>,
    metrics: Metrics,
    /// What is to be sent.
    outgoing: Heap,
    /// What others have told, and nobody here has taken yet: buckets, penalties, and that buckets are free.
    buckets: Heap,
    penalties: Heap,
    free: Heap,
    /// Of a hundred wake-ups, how many are dropped, and how many there were; for tests.
    drops: u64,
    counted: AtomicU64,
}

impl WakeUps {
    /// Creates wake-ups that go nowhere until a cache is [attached](Self::attach). `drops` of a hundred are dropped,
    /// which only a test wants.
    pub fn new(metrics: Metrics, drops: u64) -> Self {
        Self(Arc::new(Inner {
            own: rand::rng().random(),
            cache: watch::Sender::new(None),
            metrics,
            outgoing: Heap::default(),
            buckets: Heap::default(),
            penalties: Heap::default(),
            free: Heap::default(),
            drops,
            counted: AtomicU64::new(0),
        }))
    }

    /// Sets the Redis through which they go. Without Redis they still go nowhere.
    pub fn attach(&self, cache: &Cache) {
        self.0.cache.send_replace(Some(cache.clone()));
    }

    /// Tells the others that updates wait in these buckets. Never waits; what is named while a message
    /// is under way becomes the next one, each bucket once.
    pub fn wake(&self, buckets: impl IntoIterator<Item = Bucket>) {
        let buckets = buckets.into_iter().filter(|_| !self.is_to_be_dropped());
        self.0.outgoing.put_buckets(buckets.map(Bucket::short_number));
    }

    /// Tells the others of a penalty in a chat, which lasts so long.
    pub fn tell_penalty(&self, chat: ChatId, wait: Duration) {
        self.0.outgoing.put_penalties([(chat, wait)]);
    }

    /// Tells the others that this instance has given buckets back.
    pub fn tell_free(&self) {
        if !self.is_to_be_dropped() {
            self.0.outgoing.put_free();
        }
    }

    /// Waits until others have named buckets. Returns each once. For one caller at a time.
    pub async fn woken(&self) -> Vec<Bucket> {
        self.0.buckets.take().await.buckets.into_iter().filter_map(Bucket::numbered).collect()
    }

    /// Waits until others have told of penalties. For one caller at a time.
    pub async fn penalties(&self) -> Vec<(ChatId, Duration)> {
        self.0.penalties.take().await.penalties.into_iter().collect()
    }

    /// Waits until another instance has given buckets back. For one caller at a time.
    pub async fn freed(&self) {
        self.0.free.take().await;
    }

    /// Sends and receives for as long as it is polled.
    pub async fn run(&self) {
        let mut attached = self.0.cache.subscribe();
        let Ok(Some(cache)) = attached.wait_for(Option::is_some).await.map(|cache| cache.clone()) else {
            return std::future::pending().await;
        };
        if !cache.is_enabled() {
            return std::future::pending().await;
        }
        tokio::join!(self.send(&cache), self.listen(&cache));
    }

    async fn send(&self, cache: &Cache) {
        loop {
            let Content { buckets, penalties, are_free } = self.0.outgoing.take().await;
            let buckets: Vec<u16> = buckets.into_iter().collect();
            let count = buckets.len() as u64;
            let penalties = penalties.into_iter().map(|(chat, wait)| (chat.0, milliseconds(wait))).collect();
            let sent = publish(cache, &Message { from: self.0.own, buckets, are_free, penalties }).await;
            let result = if sent.is_ok() { "sent" } else { "dropped" };
            self.0.metrics.wake_ups.with_label_values(&[result]).inc_by(count);
        }
    }

    /// Receives, and subscribes again whenever the connection is lost.
    async fn listen(&self, cache: &Cache) {
        let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
        let mut is_told = false;
        loop {
            let lost = self.receive(cache, &mut pauses, &mut is_told).await;
            self.0.metrics.wake_ups_received.set(0);
            if let Err(error) = lost
                && !is_told
            {
                is_told = true;
                tracing::warn!(
                    error,
                    "wake-ups from other instances do not arrive, their work is found by looking"
                );
            }
            sleep(pauses.next()).await;
        }
    }

    /// Receives until the connection is lost.
    async fn receive(&self, cache: &Cache, pauses: &mut Backoff, is_told: &mut bool) -> Result<(), String> {
        let silent = |_| "no answer in time".to_owned();
        let worded = |error: redis::RedisError| error.to_string();
        let (server, keys) = (cache.server(), cache.keys());
        let (Some(server), Ok(keys)) = (server, keys) else { return Ok(()) };
        let subscribed = timeout(LIMIT * 2, server.subscribe(&keys.wake_ups(), LIMIT)).await;
        let (mut sink, mut messages) = subscribed.map_err(silent)?.map_err(worded)?.split();
        pauses.reset();
        self.0.metrics.wake_ups_received.set(1);
        if std::mem::take(is_told) {
            tracing::info!("wake-ups from other instances arrive again");
        }
        loop {
            match timeout(SILENCE, messages.next()).await {
                Ok(Some(message)) => self.take_in(message.get_payload()),
                Ok(None) => return Err("the connection was closed".to_owned()),
                Err(_) => {
                    timeout(LIMIT, sink.ping::<Value>()).await.map_err(silent)?.map_err(worded)?;
                }
            }
        }
    }

    fn take_in(&self, payload: RedisResult<String>) {
        let message: Option<Message> = payload.ok().and_then(|payload| serde_json::from_str(&payload).ok());
        let Some(message) = message else {
            tracing::debug!("a wake-up cannot be read");
            return;
        };
        if message.from == self.0.own {
            return;
        }
        let is_bucket = |number: &u16| Bucket::numbered(*number).is_some();
        let buckets: Vec<u16> = message.buckets.into_iter().filter(is_bucket).collect();
        self.0.metrics.wake_ups.with_label_values(&["received"]).inc_by(buckets.len() as u64);
        self.0.buckets.put_buckets(buckets);
        if message.are_free {
            self.0.free.put_free();
        }
        let penalties = message.penalties.into_iter().take(PENALTIES);
        let penalties =
            penalties.map(|(chat, wait)| (ChatId(chat), Duration::from_millis(wait).min(LONGEST)));
        self.0.penalties.put_penalties(penalties);
    }

    fn is_to_be_dropped(&self) -> bool {
        let Inner { drops, counted, metrics, .. } = &*self.0;
        if *drops == 0 {
            return false;
        }
        // Evenly: of ten, every tenth one.
        let number = counted.fetch_add(1, Ordering::Relaxed);
        let is_to_be_dropped = (number + 1) * drops / 100 > number * drops / 100;
        if is_to_be_dropped {
            metrics.wake_ups.with_label_values(&["dropped"]).inc();
        }
        is_to_be_dropped
    }
}

async fn publish(cache: &Cache, message: &Message) -> Result<(), CacheError> {
    let payload = serde_json::to_string(message).map_err(|_| CacheError::Refused)?;
    let mut commands = redis::pipe();
    commands.cmd("PUBLISH").arg(cache.keys()?.wake_ups()).arg(payload);
    cache.ask_one(Priority::Background, &mut commands).await.map(drop)
}

fn milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
