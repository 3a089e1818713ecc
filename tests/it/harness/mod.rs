//! The harness: one bot per test, of one process or several, with its own database and its own emulators.

pub(crate) mod barrier;
pub(crate) mod certificates;
pub(crate) mod cluster;
pub(crate) mod database;
mod ending;
pub(crate) mod fleet;
pub(crate) mod money;
pub(crate) mod partial_answer;
pub(crate) mod pooler;
mod preparation;
pub(crate) mod prices;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod redis;
mod running;
pub(crate) mod sentinel;
mod talk;
pub(crate) mod temp_path;
mod template;

use std::collections::BTreeMap;
use std::time::Duration;

use playground::anthropic::{Anthropic, Recorded};
use playground::telegram::Telegram;
use rust_decimal::Decimal;
use sqlx::PgPool;

use database::Database;
use fleet::Fleet;
use pooler::Pooler;
use process::Process;
use proxy::Proxy;

/// Time limit of any wait, which only ends a test that hangs: on a machine whose PostgreSQL is starved, work
/// of 10 seconds has taken 90.
pub(crate) const BOUND: Duration = Duration::from_secs(180);

/// Returns how often a test repeats its work: `every_run`, or the `night` number, which takes minutes, in the
/// night run (`scripts/night` sets `STARLING_NIGHT`).
pub(crate) fn scaled(every_run: i64, night: i64) -> i64 {
    if std::env::var_os("STARLING_NIGHT").is_some() { night } else { every_run }
}

/// Ann, the user in most tests. Her private chat has her id.
pub(crate) const ANN: i64 = 42;
/// Bob, a second user.
pub(crate) const BOB: i64 = 43;
/// A forum with both of them.
pub(crate) const GROUP: i64 = -1_000_042;

/// A bot and its emulators.
pub(crate) struct Bot {
    pub telegram: Telegram,
    pub model: Anthropic,
    pub database: Database,
    pub proxy: Proxy,
    /// What is between the proxy and the database, if something is.
    pooler: Option<Pooler>,
    settings: BTreeMap<String, String>,
    instances: Fleet,
    /// Log lines of level ERROR that the test expects, identified by a part of their text.
    expected_errors: Vec<&'static str>,
}

impl Bot {
    /// Changes a setting for the next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn expect_error(&mut self, part: &'static str) {
        self.expected_errors.push(part);
    }

    /// Returns the number of rows in the outbox.
    pub(crate) async fn outbox(&self) -> i64 {
        self.database.count("SELECT count(*) FROM outbox").await
    }

    /// Returns the exact balance of a user.
    pub(crate) async fn balance(&self, user: i64) -> Decimal {
        sqlx::query_scalar("SELECT balance FROM users WHERE id = $1")
            .bind(user)
            .fetch_one(self.books())
            .await
            .unwrap()
    }

    /// Returns the address of the operators' server: the bot opens any free port and logs it.
    pub(crate) fn operators_port(&self) -> String {
        self.instances.first().operators_port()
    }

    /// Returns the sum of a counter's series whose line starts with this prefix, over all instances.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        self.metric_of_each(name).await.into_iter().sum()
    }

    /// Returns the sum of the series whose line starts with this prefix, for each instance.
    pub(crate) async fn metric_of_each(&self, name: &str) -> Vec<u64> {
        let mut sums = Vec::new();
        for address in self.instances.all().iter().map(Process::operators_port) {
            let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
            let answer = answer.text().await.unwrap();
            let lines = answer.lines().filter(|line| line.starts_with(name));
            sums.push(lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum());
        }
        sums
    }

    /// Connects to the database, to inspect the books.
    pub(crate) fn books(&self) -> &PgPool {
        self.database.pool()
    }
}

/// Returns the texts of a recorded request's messages, as `role: text` lines.
pub(crate) fn conversation(request: &Recorded) -> Vec<String> {
    let messages = request.body["messages"].as_array().expect("a request has messages");
    let texts = |message: &serde_json::Value| -> String {
        let blocks = message["content"].as_array().expect("content is a list of blocks");
        blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join(" | ")
    };
    messages
        .iter()
        .map(|message| format!("{}: {}", message["role"].as_str().unwrap_or("?"), texts(message)))
        .collect()
}

/// Returns a recorded request's messages as one text.
pub(crate) fn prompt(request: &Recorded) -> String {
    exact(conversation(request).join("\n"))
}

/// Returns a text for comparison with a snapshot. The comparison ignores blanks at both ends of a text, so it
/// must have none.
pub(crate) fn exact(text: impl Into<String>) -> String {
    let text = text.into();
    assert_eq!(text, text.trim(), "a snapshot does not show the blanks around it");
    text
}
