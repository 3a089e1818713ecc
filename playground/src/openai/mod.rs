//! An emulated transcription API: `POST /v1/audio/transcriptions`.
//!
//! It refuses what the real service refuses (`form`), reads the duration from the headers of the file and
//! reports it as usage. Tests script the answers with [`Reply`]. Without a script the transcript is a
//! sentence that names the duration.

mod error;
mod form;
mod record;
mod reply;
mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub use error::ApiError;
pub use record::{Outcome, Request};
pub use reply::{Reply, Usage};

use crate::serving::Serving;
use record::Log;
use server::{Core, Script};

/// Settings of the emulator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The accepted key, in addition to every key that begins with `sk-`.
    pub api_key: String,
    /// Time before every answer, in addition to that of the script.
    pub delay: Duration,
}

impl Default for Settings {
    /// A free port, no delay.
    fn default() -> Self {
        Self { port: 0, api_key: "sk-playground".to_owned(), delay: Duration::ZERO }
    }
}

/// A handle of a running emulator. Clones refer to the same one; it stops with the last of them.
#[derive(Clone)]
pub struct OpenAi {
    core: Arc<Core>,
    serving: Serving,
}

impl OpenAi {
    /// Starts the emulator on 127.0.0.1.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let core = Arc::new(Core {
            api_key: settings.api_key,
            script: Mutex::new(Script { delay: settings.delay, ..Script::default() }),
            log: Arc::new(Log::new("transcription API")),
            stop: stop.clone(),
        });
        let router = server::router(Arc::clone(&core));
        let serving = Serving::start("transcription API", settings.port, router, stop).await?;
        Ok(Self { core, serving })
    }

    /// Returns the base URL, which ends in `/v1`, for `OPENAI_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.serving.address())
    }

    /// Breaks open requests and closes all connections and the port. Repeated calls return at once.
    pub async fn stop(&self) {
        self.serving.stop().await;
    }

    /// Returns every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.core.log.all()
    }

    /// Returns the requests that broke a rule of the API. Tests assert that there are none.
    pub fn refusals(&self) -> Vec<Request> {
        let refused = |entry: &Request| matches!(entry.outcome, Outcome::Refused(..));
        self.requests().into_iter().filter(refused).collect()
    }

    /// Appends a reply to the queue. Only valid requests take one; each is used once.
    pub fn script(&self, reply: Reply) {
        self.core.script.lock().queue.push_back(reply);
    }

    /// Appends a reply this many times.
    pub fn script_times(&self, times: usize, reply: &Reply) {
        self.core.script.lock().queue.extend(std::iter::repeat_n(reply.clone(), times));
    }

    /// Makes `author` answer every valid request that no queued reply answers, for example by its file. If it
    /// returns `None`, the transcript names the duration. It must not call this handle.
    pub fn set_author(&self, author: impl Fn(&Request) -> Option<Reply> + Send + 'static) {
        self.core.script.lock().author = Some(Box::new(author));
    }

    /// Sets the time before every answer that begins from now on.
    pub fn set_delay(&self, delay: Duration) {
        self.core.script.lock().delay = delay;
    }

    /// Waits until the probe returns a value. The probe runs at once and after every change; it must not call
    /// this handle. The error names `what` and the last outcomes.
    pub async fn until<T>(
        &self,
        what: &str,
        bound: Duration,
        probe: impl FnMut(&[Request]) -> Option<T>,
    ) -> anyhow::Result<T> {
        self.core.log.until(what, bound, probe).await
    }
}
