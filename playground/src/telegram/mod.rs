//! An emulated Telegram: the Bot API over HTTP on 127.0.0.1, the people who write to the bot, and their
//! chats. It keeps state, derives every answer from it and refuses what the real service refuses. Tests drive
//! it in the same process, the chat page through the control API below `/play/`.

mod calls;
mod chat;
mod clock;
mod door;
mod downloads;
mod fault_control;
mod faults;
mod file_body;
mod file_server;
mod files;
mod groups;
pub mod kinds;
mod markup;
mod media;
mod methods;
mod observe;
mod page;
mod params;
mod people;
mod posts;
mod queue;
mod rates;
mod refusal;
mod response;
mod sending;
mod server;
mod shared;
mod stars;
#[cfg(test)]
mod tests;
mod text;
mod topics;
mod types;
mod upgrades;
mod webhook;
mod world;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::shared::{Running, Shared};
use self::world::World;

pub use self::fault_control::Hold;
pub use self::groups::{ANONYMOUS_ADMINISTRATOR, CHANNEL_BOT};
pub use self::observe::{MediaMessage, View};
pub use self::sending::NewFile;
pub use self::shared::Telegram;
pub use self::stars::{PaymentAttempt, PaymentFailure, PaymentState, Receipt};
pub use self::types::{
    Attachment, Call, CallOutcome, Download, Draft, Fault, Feature, Message, Person, SentIds, Settings,
    Violation, ViolationKind,
};

/// How long `stop` waits for open requests before it aborts them.
const STOP_GRACE: Duration = Duration::from_secs(2);

impl Telegram {
    /// Starts the server on 127.0.0.1.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let door = door::CuttableListener::open(settings.port)
            .await
            .context("the emulated Telegram cannot listen")?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            address: door.address(),
            world: Mutex::new(World::new(settings)),
            changed: watch::Sender::new(0),
            checkout_began: Notify::new(),
            stop: stop.clone(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(server::serve(Arc::clone(&shared), door));
        let client = reqwest::Client::builder().no_proxy().build()?;
        tasks.spawn(webhook::deliver(Arc::clone(&shared), client));
        tasks.spawn(stars::expire(Arc::clone(&shared)));
        Ok(Self { shared, running: Arc::new(Running { stop, tasks: tokio::sync::Mutex::new(tasks) }) })
    }

    /// Returns the base URL of the Bot API, without a slash at the end. The chat page is at its root.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Returns the base URL for the bot with this name, which its calls are recorded with (`Call::caller`). The
    /// name must consist of letters, digits and hyphens.
    pub fn url_for(&self, name: &str) -> String {
        format!("{}{}{name}", self.url(), server::BY)
    }

    /// Stops the server. Long polls end at once; other open requests have two seconds.
    pub async fn stop(&self) {
        self.running.stop.cancel();
        let mut tasks = self.running.tasks.lock().await;
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_GRACE, all).await.is_err() {
            tasks.shutdown().await;
        }
    }
}
