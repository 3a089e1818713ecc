//! The orchestrator: alternates requests and tool runs until the model stops, the turn is cut or an error
//! cannot be corrected.

mod calling;
mod last_round;
mod mending;

use last_round::LastRound;
use tokio::sync::mpsc;

use super::deliveries::Deliveries;
use super::interrupt::Stop;
use super::round::{self, Round, RoundContext, RoundEnd};
use super::web_use::WebUse;
use super::{Assistant, prompt, window};
use crate::domain::blank::is_blank;
use crate::domain::ids::{ThreadId, ThreadKey, TurnId};
use crate::domain::message::Role;
use crate::domain::record;
use crate::domain::tool_round::{self, ToolRound};
use crate::domain::turn::{
    Interruption, Outcome, TurnEvent, TurnFailure, TurnPayer, TurnReport, TurnRequest,
};
use crate::lifecycle::kill_point;
use crate::llm::error::{Retry, TRIES};
use crate::llm::message::{Block, LlmMessage};
use crate::llm::request::LlmRequest;
use crate::llm::{LlmError, StopReason};
use crate::services::metering::{RoundBudget, TurnMeter};
use crate::services::pricing;
use crate::tools::Outages;
use crate::tools::runner;

/// The most rounds with tools of one turn; a model that needs more is going in circles, and is asked for a
/// last answer without tools.
const ROUNDS: usize = 25;
/// The most continuations of an answer that broke off or reached its length limit.
const CONTINUATIONS: usize = 1;

/// Answers a request. Emits the visible text and events as they arrive and returns the report for the books.
/// Dropping `screen` at the end signals the screen that no more events follow, and likewise `meter`.
pub(crate) async fn converse(
    assistant: &Assistant,
    request: &TurnRequest,
    screen: mpsc::Sender<TurnEvent>,
    meter: TurnMeter,
    stop: &Stop,
) -> TurnReport {
    let today = assistant.clock.now().date_naive();
    let price = pricing::web_search(&assistant.registry, today);
    let mut turn = TurnLoop {
        assistant,
        web: WebUse::new(request.turn, request.attempt, assistant.clock.clone(), price),
        deliveries: Deliveries::new(screen.clone()),
        screen,
        meter,
        stop,
        row: request.turn,
        thread: request.thread,
        payer: request.payer,
        renewed: Vec::new(),
        key: request.key,
        attempt: request.attempt,
        text: String::new(),
        tools: Vec::new(),
        rounds: Vec::new(),
        outages: Outages::default(),
        lost_files: Vec::new(),
        suspected: 0,
        continued: 0,
        last: None,
    };
    let mut prompt = prompt::build(request, &assistant.toolbox, today);
    let outcome = match turn.fit(&mut prompt).await {
        Ok(()) => turn.run(prompt).await,
        Err(error) => turn.failed(&error),
    };
    let calls = turn.meter.call_log().final_calls();
    let TurnLoop { text, mut tools, mut rounds, web, lost_files, deliveries, .. } = turn;
    tool_round::limit(&mut rounds);
    let (server_calls, sources) = web.finish();
    tools.extend(server_calls);
    let deliveries = deliveries.after_answer();
    TurnReport { text, outcome, calls, tools, rounds, lost_files, deliveries, sources }
}

/// The state of a running turn.
struct TurnLoop<'a> {
    assistant: &'a Assistant,
    screen: mpsc::Sender<TurnEvent>,
    deliveries: Deliveries,
    /// The use of the provider's own tools.
    web: WebUse,
    meter: TurnMeter,
    stop: &'a Stop,
    row: TurnId,
    key: ThreadKey,
    attempt: i32,
    text: String,
    tools: Vec<record::ToolCallRecord>,
    /// The tool calls as later prompts repeat them.
    rounds: Vec<ToolRound>,
    /// The services of tools that are down, for the rest of the turn.
    outages: Outages,
    thread: ThreadId,
    payer: TurnPayer,
    /// Copies that were renewed in this turn. A renewed copy that disappears again is treated as lost.
    renewed: Vec<String>,
    /// Files that the provider cannot use; the prompt has lines in their place.
    lost_files: Vec<String>,
    /// How often files were left out because an error did not name its cause.
    suspected: u32,
    continued: usize,
    /// Why the current round is the last one, if it is.
    last: Option<LastRound>,
}

/// The step after a round.
enum NextStep {
    /// Ask again with a longer conversation; the text continues in a new paragraph.
    Ask(Vec<LlmMessage>),
    /// Ask again for the rest of a sentence.
    Continue(Vec<LlmMessage>),
    /// End the turn.
    Done(Outcome),
}

impl TurnLoop<'_> {
    async fn run(&mut self, mut prompt: LlmRequest) -> Outcome {
        for left in (0..=ROUNDS).rev() {
            let round = self.ask(&mut prompt).await;
            self.text.push_str(&round.text);
            match self.after(round).await {
                NextStep::Done(outcome) => return self.last.map_or(outcome, |last| last.outcome(outcome)),
                NextStep::Continue(messages) => prompt.messages.extend(messages),
                NextStep::Ask(messages) => {
                    prompt.messages.extend(messages);
                    self.paragraph().await;
                }
            }
            if let Some(last) = self.last {
                return last.outcome(Outcome::Truncated);
            }
            kill_point!("tab: between rounds");
            match self.stop.or_cut(self.meter.request_round(prompt.bytes())).await {
                Some(RoundBudget::Open) if left > 1 => {}
                Some(RoundBudget::Open) => self.last_round(&mut prompt, LastRound::Rounds),
                Some(RoundBudget::Used) => self.last_round(&mut prompt, LastRound::Money),
                Some(RoundBudget::LimitReached) => self.last_round(&mut prompt, LastRound::Limit),
                None => return Outcome::Interrupted(self.stop.reason().unwrap_or(Interruption::Shutdown)),
            }
        }
        Outcome::Truncated
    }

    /// Makes the prompt fit the window. If the provider cannot use a file, this is repeated, first with a fresh
    /// copy if the old one is gone, then without the file: at most twice per file.
    async fn fit(&mut self, prompt: &mut LlmRequest) -> Result<(), LlmError> {
        loop {
            match window::fit(&self.assistant.provider, prompt, self.stop).await {
                Err(error) if self.mend_files(prompt, &error).await => {}
                done => return done,
            }
        }
    }

    /// Runs one round. If the provider cannot use a file, the round is repeated, first with a fresh copy if the
    /// old one is gone, then without the file: at most twice per file.
    async fn ask(&mut self, prompt: &mut LlmRequest) -> Round {
        loop {
            let ctx = RoundContext {
                assistant: self.assistant,
                meter: &self.meter,
                screen: Some(&self.screen),
                web: Some(&self.web),
                stop: self.stop,
                tries: TRIES,
            };
            let round = round::ask(ctx, prompt).await;
            match &round.ended {
                RoundEnd::Failed(error) if self.mend_files(prompt, error).await => {}
                _ => return round,
            }
        }
    }

    /// Makes the next round the last one: an instruction is added and the tools are withheld.
    fn last_round(&mut self, prompt: &mut LlmRequest, reason: LastRound) {
        tracing::info!(?reason, "the model is asked for its last answer");
        self.last = Some(reason);
        prompt.ask_for_the_end(reason.instruction());
    }

    async fn after(&mut self, round: Round) -> NextStep {
        match round.ended {
            RoundEnd::Cut(reason) => NextStep::Done(Outcome::Interrupted(reason)),
            RoundEnd::Failed(error) => self.after_failure(&round.text, &error),
            RoundEnd::Stop(reason) if reason.completes_calls() && !round.tool_calls.is_empty() => {
                let Some(results) = self.run_tools(&round.tool_calls).await else {
                    return NextStep::Done(Outcome::Interrupted(
                        self.stop.reason().unwrap_or(Interruption::Shutdown),
                    ));
                };
                NextStep::Ask(vec![
                    LlmMessage::assistant(round.blocks),
                    LlmMessage { role: Role::User, blocks: results },
                ])
            }
            RoundEnd::Stop(StopReason::PauseTurn | StopReason::ToolUse) if !round.blocks.is_empty() => {
                NextStep::Ask(vec![LlmMessage::assistant(round.blocks)])
            }
            RoundEnd::Stop(StopReason::MaxTokens) => self.after_length_limit(round),
            RoundEnd::Stop(StopReason::Refusal) => NextStep::Done(Outcome::Failed(TurnFailure::Refused)),
            RoundEnd::Stop(StopReason::WindowExceeded) => {
                NextStep::Done(Outcome::Failed(TurnFailure::TooLong))
            }
            // Files may be all that was asked for.
            RoundEnd::Stop(_) if is_blank(&self.text) && self.deliveries.is_empty() => {
                NextStep::Done(Outcome::Failed(TurnFailure::Empty))
            }
            RoundEnd::Stop(_) => NextStep::Done(Outcome::Answered),
        }
    }

    /// Continues an answer that reached its length limit: after the text that it has, or, if it is nothing
    /// but calls of tools, after results that say why these were not run.
    fn after_length_limit(&mut self, round: Round) -> NextStep {
        if let Some(step) = self.resume(&round.text, prompt::GO_ON) {
            return step;
        }
        if !round.tool_calls.is_empty() && self.continued < CONTINUATIONS {
            self.continued += 1;
            let results = LlmMessage { role: Role::User, blocks: runner::not_run(&round.tool_calls) };
            return NextStep::Ask(vec![LlmMessage::assistant(round.blocks), results]);
        }
        let nothing = is_blank(&self.text) && self.deliveries.is_empty();
        NextStep::Done(if nothing { Outcome::Failed(TurnFailure::Empty) } else { Outcome::Truncated })
    }

    /// Continues an answer that broke off after visible text. One without has
    /// used up its tries.
    fn after_failure(&mut self, text: &str, error: &LlmError) -> NextStep {
        let hopeless = error.retry() == Retry::Never;
        let resumed = if hopeless { None } else { self.resume(text, prompt::BROKE_OFF) };
        resumed.unwrap_or_else(|| NextStep::Done(self.failed(error)))
    }

    /// Asks for the rest of a text. The newer models reject requests that end with a message of the
    /// assistant, so the request ends with an instruction instead. The thinking of the broken round has no
    /// signature and is omitted.
    fn resume(&mut self, text: &str, instruction: &str) -> Option<NextStep> {
        if is_blank(text) || self.continued >= CONTINUATIONS {
            return None;
        }
        self.continued += 1;
        let said = LlmMessage { role: Role::Assistant, blocks: vec![Block::Text(text.to_owned())] };
        let go_on = LlmMessage { role: Role::User, blocks: vec![Block::Text(instruction.to_owned())] };
        Some(NextStep::Continue(vec![said, go_on]))
    }

    fn failed(&self, error: &LlmError) -> Outcome {
        match (error, self.stop.reason()) {
            (LlmError::Cancelled, Some(reason)) => Outcome::Interrupted(reason),
            _ => Outcome::Failed(error.failure()),
        }
    }

    /// Separates the texts of two rounds.
    async fn paragraph(&mut self) {
        if self.text.is_empty() || self.text.ends_with("\n\n") {
            return;
        }
        self.text.push_str("\n\n");
        self.show(TurnEvent::Text("\n\n".to_owned())).await;
    }

    async fn show(&self, event: TurnEvent) {
        if self.screen.send(event).await.is_err() {
            tracing::debug!("nobody watches this turn any more");
        }
    }
}

#[cfg(test)]
#[path = "lost_files_tests.rs"]
mod tests;
