//! One try of a request: follows the stream.

mod usage;

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::super::interrupt::Watched;
use super::super::web_use::WebUse;
use super::context::RoundContext;
use crate::domain::blank::is_blank;
use crate::domain::turn::TurnEvent;
use crate::lifecycle::kill_point;
use crate::llm::event::{Reported, ToolCall};
use crate::llm::{LlmError, LlmEvent, LlmRequest, StopReason};

/// How long to wait for the last event of a stream after the model has ended. Only the connection of a stream
/// that is read to its end can be reused by the next request.
const LAST_EVENT_LIMIT: Duration = Duration::from_secs(5);

/// The state of one try.
#[derive(Default)]
pub(super) struct Attempt {
    number: i32,
    request_id: Option<String>,
    pub(super) text: String,
    /// The length of the part of `text` that was shown, in bytes.
    shown: usize,
    pub(super) blocks: Vec<Value>,
    pub(super) tool_calls: Vec<ToolCall>,
    /// Summaries of thoughts and the arguments of calls.
    unseen: String,
    /// Searches whose results have come.
    searches: u64,
    /// The size of what the provider's own tools have returned, in bytes, which the model has read.
    results: u64,
    /// Whether the next text begins a new paragraph, because a tool of the provider ran before it.
    apart: bool,
    /// The tokens of what came of an answer that was stopped; `None` if the model ended by itself.
    partial_output: Option<u64>,
    /// `None` before the first report.
    reported: Option<Reported>,
    /// The reason why the model has ended, and the time limit for the end of the stream. `None` until it has
    /// ended.
    ending: Option<(StopReason, Instant)>,
    first_text: Option<Duration>,
}

impl Attempt {
    /// Creates a try with this call number, which is part of its key in the books.
    pub(super) fn new(number: i32) -> Self {
        Self { number, ..Self::default() }
    }

    /// Sends the request and reads the stream to its end. An error after the model has ended does not discard
    /// the answer.
    pub(super) async fn run(
        &mut self,
        ctx: RoundContext<'_>,
        request: &LlmRequest,
        started: Instant,
    ) -> Result<StopReason, LlmError> {
        let ended = match (self.follow(ctx, request, started).await, self.ending.take()) {
            (Err(LlmError::Cancelled), _) => Err(LlmError::Cancelled),
            (Err(_), Some((reason, _))) => Ok(reason),
            (ended, _) => ended,
        };
        // The results of calls that are open now come with the next round, or never.
        let goes_on =
            matches!(ended, Ok(StopReason::PauseTurn | StopReason::ToolUse) | Err(LlmError::Cancelled));
        for event in ctx.web.filter(|_| !goes_on).map(WebUse::abandon).unwrap_or_default() {
            show(ctx.screen, event).await;
        }
        ended
    }

    async fn follow(
        &mut self,
        RoundContext { assistant, meter, screen, web, stop, .. }: RoundContext<'_>,
        request: &LlmRequest,
        started: Instant,
    ) -> Result<StopReason, LlmError> {
        let asking = async {
            assistant.fence.opened().await;
            assistant.provider.ask(request).await
        };
        let answer = stop.or_cut(asking).await.ok_or(LlmError::Cancelled)??;
        self.request_id = answer.request_id;
        let mut events = Watched::new(answer.events, assistant.idle_limit, stop);
        let mut said = Instant::now();
        loop {
            let event = match &self.ending {
                None => events.next().await?,
                Some((_, until)) => {
                    timeout_at(*until, events.next()).await.map_err(|_| LlmError::BrokenOff)??
                }
            };
            match event {
                LlmEvent::Alive if said.elapsed() >= assistant.max_silence => {
                    return Err(LlmError::Silent(assistant.max_silence));
                }
                LlmEvent::Alive => continue,
                _ => said = Instant::now(),
            }
            let shown = match event {
                LlmEvent::Text(text) => {
                    self.add(text, web);
                    let Some(text) = self.unshown() else { continue };
                    self.first_text.get_or_insert_with(|| started.elapsed());
                    TurnEvent::Text(text)
                }
                LlmEvent::Thinking(text) => {
                    self.unseen.push_str(&text);
                    TurnEvent::Thinking(text)
                }
                LlmEvent::Stop(reason) => return Ok(reason),
                LlmEvent::Cited(_) | LlmEvent::ServerCall(_) | LlmEvent::ServerResult(_) => {
                    for event in self.use_web(event, web) {
                        show(screen, event).await;
                    }
                    continue;
                }
                other => {
                    if self.keep(other, assistant.idle_limit) {
                        meter.note(self.call(request, None, started));
                        kill_point!("tab: first usage");
                    }
                    continue;
                }
            };
            show(screen, shown).await;
        }
    }

    /// Appends a piece of the model's text.
    fn add(&mut self, mut piece: String, web: Option<&WebUse>) {
        if std::mem::take(&mut self.apart) && !self.text.ends_with('\n') && !piece.starts_with('\n') {
            piece.insert_str(0, "\n\n");
        }
        let piece = match web {
            Some(web) => web.text(piece),
            None => piece,
        };
        self.text.push_str(&piece);
    }

    /// Returns the text that has not been shown yet, and counts it as shown. `None` while the whole text is
    /// blank: such a try may be repeated.
    fn unshown(&mut self) -> Option<String> {
        let unshown = (!is_blank(&self.text)).then(|| self.text[self.shown..].to_owned())?;
        self.shown = self.text.len();
        (!unshown.is_empty()).then_some(unshown)
    }

    /// Notes what the provider's own tools do, and what the text cites. Returns what is shown of it.
    fn use_web(&mut self, event: LlmEvent, web: Option<&WebUse>) -> Vec<TurnEvent> {
        match event {
            LlmEvent::ServerCall(call) => {
                self.unseen.push_str(&call.name);
                self.unseen.push_str(&call.input.to_string());
                self.apart |= !is_blank(&self.text);
                web.map(|web| web.started(call)).into_iter().collect()
            }
            LlmEvent::ServerResult(result) => {
                self.searches += u64::from(result.search && !result.failed);
                self.results += result.bytes;
                web.and_then(|web| web.ended(result)).into_iter().collect()
            }
            LlmEvent::Cited(cited) => {
                let Some((marks, new)) = web.map(|web| web.cite(&cited)) else { return Vec::new() };
                self.text.push_str(&marks);
                let marks = self.unshown().map(TurnEvent::Text);
                // The sources come first: whoever has the text can explain its marks.
                new.into_iter().map(TurnEvent::Source).chain(marks).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Stores an event that is not shown. Returns `true` for the first report of usage.
    fn keep(&mut self, event: LlmEvent, idle_limit: Duration) -> bool {
        match event {
            LlmEvent::Block(block) => self.blocks.push(block),
            LlmEvent::ToolCall(call) => {
                self.unseen.push_str(&call.name);
                if let Ok(input) = &call.input {
                    self.unseen.push_str(&input.to_string());
                }
                self.tool_calls.push(call);
            }
            LlmEvent::Ending(reason) => {
                self.ending = Some((reason, Instant::now() + idle_limit.min(LAST_EVENT_LIMIT)));
            }
            LlmEvent::Usage(reported) => return self.reported.replace(reported).is_none(),
            LlmEvent::Alive
            | LlmEvent::Working
            | LlmEvent::Text(_)
            | LlmEvent::Thinking(_)
            | LlmEvent::Cited(_)
            | LlmEvent::ServerCall(_)
            | LlmEvent::ServerResult(_)
            | LlmEvent::Stop(_) => {}
        }
        false
    }
}

/// Passes an event to the screen, if there is one. The screen drains its channel without waiting for
/// Telegram, so this never blocks for long. If the screen is gone, the stream is still read, because it is
/// paid for.
async fn show(screen: Option<&mpsc::Sender<TurnEvent>>, event: TurnEvent) {
    let Some(screen) = screen else { return };
    if screen.send(event).await.is_err() {
        tracing::debug!("nobody watches this turn any more");
    }
}
