//! An emulated Gemini API for pictures: `POST /v1beta/models/{model}:generateContent` and `GET
//! /v1beta/models/{model}` of the image model.
//!
//! It refuses what the real service refuses (`request`), paints coloured blocks that depend on the prompt, in
//! the pixels that aspect ratio and size mean (`paint`), puts source pictures on them, and counts tokens by a
//! fixed rule (`answer`). Tests script the answers with [`Reply`]. Without a script the prompt decides:
//!
//! | words in the prompt | the answer |
//! |---|---|
//! | `forbidden` | no picture, `finishReason` `IMAGE_SAFETY` |
//! | `blocked` | no candidate, `blockReason` `PROHIBITED_CONTENT` |
//! | `recite` | no picture, `finishReason` `IMAGE_RECITATION` |
//! | `words only` | a sentence, `finishReason` `STOP` |
//! | `two pictures` | two pictures |
//! | `slowly` | a picture after 20 s |
//! | `out of order` | status 503, always |

mod answer;
mod error;
mod paint;
mod record;
mod reply;
mod request;
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
    /// The accepted key, in addition to every key that begins with `AIza`.
    pub api_key: String,
    /// Time before every answer, in addition to that of the script.
    pub delay: Duration,
}

impl Default for Settings {
    /// A free port, no delay.
    fn default() -> Self {
        Self { port: 0, api_key: "AIza-playground".to_owned(), delay: Duration::ZERO }
    }
}

/// A handle of a running emulator. Clones refer to the same one; it stops with the last of them.
#[derive(Clone)]
pub struct Gemini {
    core: Arc<Core>,
    serving: Serving,
}

impl Gemini {
    /// Starts the emulator on 127.0.0.1.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let core = Arc::new(Core {
            api_key: settings.api_key,
            script: Mutex::new(Script { delay: settings.delay, ..Script::default() }),
            log: Arc::new(Log::new("Gemini API")),
            stop: stop.clone(),
        });
        let router = server::router(Arc::clone(&core));
        let serving = Serving::start("Gemini API", settings.port, router, stop).await?;
        Ok(Self { core, serving })
    }

    /// Returns the base URL, which ends in `/v1beta`, for `GOOGLE_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://{}/v1beta", self.serving.address())
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
