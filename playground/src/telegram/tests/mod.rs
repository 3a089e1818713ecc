//! The emulator over HTTP: what it answers, what it refuses, how faults look from outside.

mod chats;
mod copies;
mod delivery;
mod faults;
mod files;
mod members;
mod page;
mod purchases;
mod refusals;
mod stars;
mod streaming;
mod topics;
mod uploads;

use std::time::Duration;

use serde_json::{Value, json};

use super::{Person, Settings, Telegram};

/// Longest wait for anything that must happen.
const BOUND: Duration = Duration::from_secs(10);
/// The person of most tests.
const ANN: i64 = 42;
/// A supergroup without topics.
const GROUP: i64 = -1001;
/// A supergroup with topics.
const FORUM: i64 = -1002;

/// A running emulator and a client that plays the bot.
struct Rig {
    telegram: Telegram,
    client: reqwest::Client,
}

impl Rig {
    async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let telegram = Telegram::start(settings).await.unwrap();
        telegram.add_user(Person { username: Some("ann".to_owned()), ..Person::new(ANN, "Ann") });
        telegram.add_user(Person::new(43, "Silent"));
        telegram.add_group(GROUP, "Group", false, &[ANN, 44]);
        telegram.add_group(FORUM, "Forum", true, &[ANN, 44]);
        Self { telegram, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    fn address(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.telegram.url(), Settings::default().token)
    }

    async fn try_call(&self, method: &str, params: &Value) -> reqwest::Result<Value> {
        self.client.post(self.address(method)).json(params).send().await?.json().await
    }

    /// The result of a call that must succeed.
    async fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.try_call(method, &params).await.unwrap();
        assert_eq!(answer["ok"], json!(true), "{method} {params}: {answer}");
        answer["result"].clone()
    }

    /// Code and sentence of a call that must be refused.
    async fn refusal(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.try_call(method, &params).await.unwrap();
        assert_eq!(answer["ok"], json!(false), "{method} {params}: {answer}");
        (answer["error_code"].as_i64().unwrap(), answer["description"].as_str().unwrap().to_owned())
    }

    /// What a poll without waiting hands out.
    async fn updates(&self, offset: i64) -> Vec<Value> {
        let updates = self.call("getUpdates", json!({"offset": offset, "timeout": 0})).await;
        updates.as_array().unwrap().clone()
    }
}
