//! Two instances whose updates come through a load balancer, in turn.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use playground::ports::free_address;
use tokio::net::TcpListener;

use super::HALVES;
use crate::harness::Bot;
use crate::harness::process::Process;

/// A load balancer: delivers each update to the next of its targets, or to another one if that takes nothing.
#[derive(Clone)]
struct Balancer {
    targets: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    /// The targets of the next updates, where the test decides.
    decided: Decided,
}

type Decided = Arc<Mutex<VecDeque<usize>>>;

impl Balancer {
    /// Opens a load balancer. Returns its address.
    async fn open(targets: &[String], decided: Decided) -> String {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let balancer = Self { targets: Arc::new(targets.to_vec()), next: Arc::default(), decided };
        let app = Router::new().route("/", post(deliver)).with_state(balancer);
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}/")
    }
}

async fn deliver(State(balancer): State<Balancer>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Balancer { targets, next, decided } = balancer;
    let decided = decided.lock().unwrap().pop_front();
    let first = decided.unwrap_or_else(|| next.fetch_add(1, Ordering::Relaxed));
    let client = reqwest::Client::new();
    for target in (first..first + targets.len()).map(|number| &targets[number % targets.len()]) {
        let secret = headers.get("x-telegram-bot-api-secret-token").cloned().unwrap();
        let request = client.post(format!("http://{target}/")).body(body.clone());
        let answer = request.header("x-telegram-bot-api-secret-token", secret).send().await;
        if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
            return StatusCode::OK;
        }
    }
    StatusCode::SERVICE_UNAVAILABLE
}

/// Two instances behind a load balancer.
pub(super) struct Pair {
    /// The first one, and what both work with.
    pub(super) bot: Bot,
    /// The second one.
    pub(super) second: Process,
    decided: Decided,
}

impl Pair {
    /// Starts two instances with the same settings, and waits until each has its share.
    pub(super) async fn with(settings: &[(&str, &str)]) -> Self {
        let targets = [0, 1].map(|_| free_address().unwrap().to_string());
        let decided = Decided::default();
        let url = Balancer::open(&targets, decided.clone()).await;
        let mut bot = Bot::prepare([
            ("TELEGRAM_MODE", "webhook"),
            ("WEBHOOK_URL", url.as_str()),
            ("WEBHOOK_ADDR", &targets[0]),
            ("WEBHOOK_SECRET", "s3cret"),
        ])
        .await;
        for (name, value) in settings {
            bot.set(name, value);
        }
        bot.run().await;
        let second = bot.another(&[("WEBHOOK_ADDR", &targets[1])]);
        second.line(" ready").await;
        bot.database.until(HALVES, 2).await;
        Self { bot, second, decided }
    }

    /// Delivers the next update to the instance that answers a chat, or to the other one.
    pub(super) async fn deliver_next(&self, chat: i64, to_holder: bool) {
        let holder = self.holder(chat).await;
        self.decided.lock().unwrap().push_back(if to_holder { holder } else { 1 - holder });
    }

    /// Returns the place of the instance that answers a chat.
    async fn holder(&self, chat: i64) -> usize {
        let holder = "SELECT holder - 1 FROM leases WHERE bucket = $1";
        let holder: i64 =
            sqlx::query_scalar(holder).bind(chat & 1_023).fetch_one(self.bot.books()).await.unwrap();
        usize::try_from(holder).unwrap()
    }

    /// Returns the bot as the instance that does not answer a chat, and the one that does.
    pub(super) async fn split_by(self, chat: i64) -> (Bot, Process) {
        let holder = self.holder(chat).await;
        let Self { mut bot, second, .. } = self;
        if holder == 1 {
            return (bot, second);
        }
        let first = bot.follow(second).unwrap();
        (bot, first)
    }

    /// Stops both and asserts that nothing is left.
    pub(super) async fn end(self) {
        for query in [
            "SELECT count(*) FROM inbox WHERE handled_at IS NULL",
            "SELECT count(*) FROM turns WHERE state = 'open'",
            "SELECT count(*) FROM outbox WHERE state = 'pending'",
        ] {
            self.bot.database.until(query, 0).await;
        }
        self.second.terminate();
        let (code, log) = self.second.end().await;
        assert_eq!(code, 0, "the second one ends well");
        let errors: Vec<&String> = log.iter().filter(|line| line.contains("ERROR")).collect();
        assert!(errors.is_empty(), "its log has errors:\n{errors:#?}");
        self.bot.end().await;
    }
}
