//! A load balancer before several instances of the bot, as an operator has one: Telegram knows one address,
//! and each delivery goes to one instance. An instance that is not ready, or refuses the connection, is passed
//! over.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::post;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::serving::Serving;

/// Interval between two questions whether an instance is ready, and the time limit of one.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOK_LIMIT: Duration = Duration::from_secs(1);
/// Time limit of one delivery to one instance; the sender delivers again.
const DELIVERY_LIMIT: Duration = Duration::from_secs(5);
/// Size limit of a delivery, in bytes.
const LARGEST: usize = 1024 * 1024;
/// Number of deliveries that are remembered.
const REMEMBERED: usize = 100_000;

/// An instance that takes deliveries.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its name, for the record.
    pub name: String,
    /// Where it takes deliveries.
    pub webhook: SocketAddr,
    /// Where it tells whether it is ready.
    pub operators: SocketAddr,
}

/// One delivery.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The number of the update; `None` if the body has none.
    pub update: Option<i64>,
    /// The instance that got it; `None` if none could take it.
    pub to: Option<String>,
    /// The answer to the sender.
    pub status: u16,
    /// When it arrived.
    pub at: Instant,
}

/// A running load balancer. It stops with the last clone.
#[derive(Debug, Clone)]
pub struct Dealer {
    shared: Arc<Shared>,
    serving: Serving,
}

#[derive(Debug)]
struct Shared {
    places: Mutex<Vec<Place>>,
    record: Mutex<VecDeque<Delivery>>,
    http: reqwest::Client,
    looks: Mutex<JoinSet<()>>,
}

/// An instance with what was last heard of it. The place stays when the instance is exchanged.
#[derive(Debug)]
struct Place {
    upstream: Upstream,
    is_ready: watch::Sender<bool>,
    look: AbortHandle,
}

impl Dealer {
    /// Starts a load balancer without instances on 127.0.0.1.
    ///
    /// # Errors
    /// Returns an error if no port can be opened.
    pub async fn start() -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let shared = Arc::new(Shared {
            places: Mutex::default(),
            record: Mutex::default(),
            http,
            looks: Mutex::default(),
        });
        let router = Router::new()
            .route("/{*path}", post(deal))
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(Arc::clone(&shared));
        let serving = Serving::start("load balancer", 0, router, CancellationToken::new()).await?;
        Ok(Self { shared, serving })
    }

    /// Returns the address for `setWebhook`.
    pub fn url(&self) -> String {
        format!("http://{}/telegram", self.serving.address())
    }

    /// Sets the instance of a place, counted from 0. A new one gets deliveries once it says that it is ready.
    ///
    /// # Panics
    /// Panics if the places before it have no instance yet.
    pub fn set(&self, place: usize, upstream: Upstream) {
        let is_ready = watch::Sender::new(false);
        let look = self.shared.looks.lock().spawn(look(
            self.shared.http.clone(),
            upstream.operators,
            is_ready.clone(),
        ));
        let mut places = self.shared.places.lock();
        let next = Place { upstream, is_ready, look };
        assert!(place <= places.len(), "place {place} follows {} places", places.len());
        if let Some(former) = places.get_mut(place) {
            former.look.abort();
            *former = next;
        } else {
            places.push(next);
        }
    }

    /// Waits until the instance of a place is known to be ready, or not to be.
    ///
    /// # Errors
    /// Returns an error after `bound`.
    pub async fn sees(&self, place: usize, ready: bool, bound: Duration) -> anyhow::Result<()> {
        let seen = self.shared.places.lock().get(place).map(|place| place.is_ready.subscribe());
        let mut seen = seen.with_context(|| format!("there is no instance at place {place}"))?;
        let changed = tokio::time::timeout(bound, seen.wait_for(|&is_ready| is_ready == ready)).await;
        changed
            .with_context(|| format!("waited {bound:?} in vain until place {place} is ready: {ready}"))??;
        Ok(())
    }

    /// Waits until any instance is known to be ready.
    ///
    /// # Errors
    /// Returns an error after `bound`.
    pub async fn any_ready(&self, bound: Duration) -> anyhow::Result<()> {
        let ready = async {
            while self.shared.in_turn(None).is_empty() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(bound, ready).await.context("no instance is ready")
    }

    /// Returns the newest deliveries, oldest first.
    pub fn record(&self) -> Vec<Delivery> {
        self.shared.record.lock().iter().cloned().collect()
    }

    /// Returns how many deliveries each instance has taken, by name.
    pub fn shares(&self) -> Vec<(String, usize)> {
        let mut shares: Vec<(String, usize)> = Vec::new();
        for name in self.shared.record.lock().iter().filter_map(|delivery| delivery.to.as_ref()) {
            match shares.iter_mut().find(|(known, _)| known == name) {
                Some((_, count)) => *count += 1,
                None => shares.push((name.clone(), 1)),
            }
        }
        shares
    }
}

/// Asks an instance periodically whether it is ready.
async fn look(http: reqwest::Client, operators: SocketAddr, is_ready: watch::Sender<bool>) {
    let url = format!("http://{operators}/ready");
    loop {
        let answer = http.get(&url).timeout(LOOK_LIMIT).send().await;
        let now = answer.is_ok_and(|answer| answer.status().is_success());
        is_ready.send_if_modified(|ready| std::mem::replace(ready, now) != now);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn deal(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let fields: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let update = fields["update_id"].as_i64();
    let (to, status) = shared.pass_on(update, &uri, headers, body).await;
    let mut record = shared.record.lock();
    if record.len() == REMEMBERED {
        record.pop_front();
    }
    record.push_back(Delivery { update, to, status: status.as_u16(), at });
    status
}

impl Shared {
    /// Passes a delivery on to the first instance that takes it. Update `i` begins with place `i` modulo
    /// their number. After an instance has taken the connection, no other one is asked.
    async fn pass_on(
        &self,
        update: Option<i64>,
        uri: &Uri,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> (Option<String>, StatusCode) {
        headers.remove(axum::http::header::HOST);
        headers.remove(axum::http::header::CONTENT_LENGTH);
        for upstream in self.in_turn(update) {
            let url = format!("http://{}{}", upstream.webhook, uri.path());
            let request = self.http.post(url).timeout(DELIVERY_LIMIT).headers(headers.clone());
            match request.body(body.clone()).send().await {
                Ok(answer) => return (Some(upstream.name), answer.status()),
                Err(error) if error.is_connect() => {}
                Err(error) if error.is_timeout() => {
                    return (Some(upstream.name), StatusCode::GATEWAY_TIMEOUT);
                }
                Err(_) => return (Some(upstream.name), StatusCode::BAD_GATEWAY),
            }
        }
        (None, StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Returns the instances that are ready, in the order in which this update is offered to them.
    fn in_turn(&self, update: Option<i64>) -> Vec<Upstream> {
        let places = self.places.lock();
        let number = i64::try_from(places.len()).unwrap_or(i64::MAX).max(1);
        let first = usize::try_from(update.unwrap_or(0).rem_euclid(number)).unwrap_or(0);
        let (before, from) = places.split_at(first.min(places.len()));
        let ready = from.iter().chain(before).filter(|place| *place.is_ready.borrow());
        ready.map(|place| place.upstream.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
