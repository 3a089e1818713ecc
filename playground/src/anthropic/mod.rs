//! An emulated Messages API: `POST /v1/messages`, `/v1/messages/count_tokens`, `GET /v1/models`, `/v1/files`.
//!
//! It refuses what the real service refuses (`validate`), counts tokens by a documented rule (`transcript`),
//! simulates the prompt cache (`cache`), signs thinking blocks (`signature`) and streams the answers of a
//! scripted model. Tests script it with [`Reply`]. Without a script the newest user text chooses a
//! [`Scenario`], by a line `!name` or by a phrase:
//!
//! | line | the model |
//! |---|---|
//! | `!echo` (and every other text) | answers "You said: ..." |
//! | `!story` | tells a story of 1,500 characters |
//! | `!long` | answers with 12,000 characters: numbered sections, code, Cyrillic, emoji |
//! | `!slow [words]` | says one word each 300 ms, 30 by default |
//! | `!code` | shows code in three languages |
//! | `!markdown` | uses every Markdown construct |
//! | `!think` | thinks, summarized if the request asks for that, then answers |
//! | `!refuse [midway]` | stops with `refusal` and its details, without text or after some |
//! | `!cut` | breaks the connection after some text |
//! | `!stall` | falls silent after some text, until the client leaves |
//! | `!429 [times]` | 429 with `retry-after: 1`, once by default, then an echo |
//! | `!429-spend` | 429 of a spend limit, without `retry-after`, every time |
//! | `!529 [times]` | 529, twice by default, then an echo |
//! | `!500 [times]` | 500, once by default, then an echo |
//! | `!error` | sends `overloaded_error` inside the stream after some text |
//! | `!error-first [times]` | the same before any text, once by default, then an echo |
//! | `!max-tokens` | stops in the middle with `max_tokens` |
//! | `!pause [times]` | stops with `pause_turn`, and goes on when its content is sent back unchanged |
//! | `!search [query; ...]` | searches the built-in web (`web`), then tells what it found, with citations |
//! | `!fetch [address]` | reads a page of the built-in web, then tells its beginning, with a citation |
//! | `!overflow` | stops in the middle with `model_context_window_exceeded` |
//! | `!too-long` | is refused: "prompt is too long: N tokens > M maximum" |
//! | `!tool [name or all] [json]` | calls the first declared tool, the named one or all, then tells the results |
//! | `!unknown` | mixes events and deltas of unknown kinds into an echo |
//! | `!broken-tool` | begins a tool call and stops with `max_tokens` inside its input |
//! | `!empty` | ends normally without any content |
//! | `!verdict` | a verdict, as a critic gives it; the words of a check choose it too |
//! | `!transcribe` | calls `transcribe_audio` for the newest file that the prompt offers to it, then tells the result |
//! | `!look` | calls `list_files`, then `analyze_image` for the newest picture, then tells the result |
//! | `!pdf [page]` | calls `list_files`, then `analyze_pdf` for a page (or all) of the newest PDF, then tells the result |
//! | `!files` | calls `list_files`, then tells the result |
//! | `!preview` | calls `list_files`, then `preview_file` for the newest document, then tells the result |
//! | `!send` | calls `list_files`, then `deliver_file` for the newest file, then tells the result |
//! | `!check` | calls `self_critique` for the newest answer, then tells the verdict |
//! | `!formula [latex]` | draws the formula, by default that of the quadratic equation, and sends the picture |
//! | `!python [code]` | runs the code in the lines that follow, by default one that draws a chart, and sends its files |
//! | `!remember` | lists role and first 20 characters of each message that it received |
//! | `!draw [prompt]` | calls generate_image; words of the prompt choose faults (see `gemini`) |
//! | `!redraw [prompt]` | calls list_files, then generate_image with the newest picture that it lists |
//!
//! An echo of a message with files begins with a sentence about each of them: name, and size in pixels, pages
//! or characters.
//!
//! After `!cut`, `!stall`, `!error`, `!max-tokens`, `!overflow` or any answer that the client broke off, a
//! request whose newest user text asks to continue gets the rest of the same text.

mod answer;
mod cache;
mod compose;
mod conversation;
mod endpoint;
mod error;
mod files;
mod ids;
mod meter;
mod models;
mod planner;
mod playback;
mod record;
mod reply;
mod scenario;
mod scripted;
mod server;
mod signature;
#[cfg(test)]
mod tests;
mod texts;
mod tool_scenarios;
mod transcript;
mod validate;
pub mod web;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub use endpoint::Endpoint;
pub use error::ApiError;
pub use files::{FileFault, SentFile, StoredFile};
pub use planner::PromptView;
pub use record::{Outcome, Recorded};
pub use reply::{Gate, GateKeeper, Reply, Step, StopReason};
use scenario::DefaultScenario;
pub use scenario::Scenario;

use crate::serving::Serving;
use files::{Limits, Store};
use planner::ResponsePlanner;
use playback::Pacing;
use record::Log;
use server::Core;

/// Settings of the emulator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The accepted key, in addition to every key that begins with `sk-ant-`.
    pub api_key: String,
    /// Time between deltas.
    pub chunk_delay: Duration,
    /// Time before the first delta.
    pub first_token_delay: Duration,
    /// Characters per delta.
    pub chunk_chars: usize,
    /// Limit of an uploaded file, in bytes.
    pub file_bytes: usize,
    /// Limit of all uploaded files together, in bytes; they are kept in memory.
    pub storage_bytes: usize,
}

impl Default for Settings {
    /// A free port, no delays, 24 characters per delta; files of up to 500 MB, 1 GB in total.
    fn default() -> Self {
        Self {
            port: 0,
            api_key: "sk-ant-playground".to_owned(),
            chunk_delay: Duration::ZERO,
            first_token_delay: Duration::ZERO,
            chunk_chars: 24,
            file_bytes: 500 * 1024 * 1024,
            storage_bytes: 1024 * 1024 * 1024,
        }
    }
}

/// A handle of a running emulator. Clones refer to the same one; it stops with the last of them.
#[derive(Clone, Debug)]
pub struct Anthropic {
    core: Arc<Core>,
    serving: Serving,
}

impl Anthropic {
    /// Starts the emulator on 127.0.0.1.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let core = Arc::new(Core {
            api_key: settings.api_key,
            chunk_chars: settings.chunk_chars,
            pacing: Mutex::new(Pacing { first: settings.first_token_delay, between: settings.chunk_delay }),
            planner: Mutex::new(ResponsePlanner::new()),
            cache: Mutex::default(),
            count_faults: Mutex::default(),
            log: Arc::new(Log::new("model API")),
            files: Mutex::new(Store::new(Limits {
                file: settings.file_bytes,
                storage: settings.storage_bytes,
            })),
            file_log: Arc::new(Log::new("Files API")),
            ids: ids::Ids::new(),
            stop: stop.clone(),
        });
        let router = server::router(Arc::clone(&core));
        let serving = Serving::start("model API", settings.port, router, stop).await?;
        Ok(Self { core, serving })
    }

    /// Returns the base URL, without a slash at the end and without `/v1`.
    pub fn url(&self) -> String {
        format!("http://{}", self.serving.address())
    }

    /// Breaks open streams and closes all connections and the port. Repeated calls return at once.
    pub async fn stop(&self) {
        self.serving.stop().await;
    }

    /// Makes the next `times` valid calls of `count_tokens` fail.
    pub fn fail_counts(&self, times: usize, error: &ApiError) {
        self.core.count_faults.lock().extend(std::iter::repeat_n(error.clone(), times));
    }

    /// Returns every request so far except those of the Files API, in order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.core.log.all()
    }

    /// Returns the requests to `/v1/messages` that broke no rule, including those that met an injected fault.
    pub fn accepted(&self) -> Vec<Recorded> {
        self.filtered(Recorded::accepted)
    }

    /// Returns the requests that broke a rule of the API, those of the Files API last. Tests assert that
    /// there are none.
    pub fn refusals(&self) -> Vec<Recorded> {
        let refused = |entry: &Recorded| matches!(entry.outcome, Outcome::Refused(..));
        let files = self.file_requests().into_iter().filter(refused);
        self.filtered(refused).into_iter().chain(files).collect()
    }

    /// Returns the number of unfinished streams whose client is connected.
    pub fn open_streams(&self) -> usize {
        let open = |entry: &&Recorded| entry.streams && entry.outcome == Outcome::Open;
        self.core.log.read(|entries| entries.iter().filter(open).count())
    }

    /// Appends a reply to the queue, which takes precedence over the user's text.
    pub fn script(&self, reply: Reply) {
        self.core.planner.lock().queue(reply);
    }

    /// Scripts the next request whose newest user text contains `contains`. Used once, and before the queue.
    pub fn script_for(&self, contains: &str, reply: Reply) {
        self.core.planner.lock().queue_for(contains, reply);
    }

    /// Makes `author` answer every request that no script answers, including repeated ones. If it returns
    /// `None`, the user's text chooses a scenario.
    pub fn set_author(&self, author: impl Fn(&PromptView) -> Option<Reply> + Send + 'static) {
        self.core.planner.lock().set_author(author);
    }

    /// Waits until the probe returns a value. The probe runs at once and after every change; it must not call
    /// this handle. The error names `what` and the last requests.
    pub async fn until<T>(
        &self,
        what: &str,
        bound: Duration,
        probe: impl FnMut(&[Recorded]) -> Option<T>,
    ) -> anyhow::Result<T> {
        self.core.log.until(what, bound, probe).await
    }

    /// Holds every answer from the moment at which it has results of this tool, until the gate is opened.
    pub fn hold_after(&self, tool: &str, gate: Gate) {
        self.core.planner.lock().hold_after(tool, gate);
    }

    /// Sets the scenario for texts that name none; initially that is an echo.
    pub fn set_default(&self, scenario: Scenario) {
        self.core.planner.lock().set_default_scenario(DefaultScenario::Usually(scenario));
    }

    /// Sets the scenario for all texts without a line `!name`. Its temporary faults become permanent.
    pub fn set_always(&self, scenario: Scenario) {
        self.core.planner.lock().set_default_scenario(DefaultScenario::Always(scenario));
    }

    /// Sets the delays of answers that begin from now on.
    pub fn set_pace(&self, first_token: Duration, between: Duration) {
        *self.core.pacing.lock() = Pacing { first: first_token, between };
    }

    /// Makes all entries of the prompt cache older by `by`.
    pub fn age_prompt_cache(&self, by: Duration) {
        self.core.cache.lock().age(by);
    }

    fn filtered(&self, keep: impl Fn(&Recorded) -> bool) -> Vec<Recorded> {
        self.core.log.read(|entries| entries.iter().filter(|entry| keep(entry)).cloned().collect())
    }
}
