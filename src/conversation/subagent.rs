//! Sub-agents: a conversation of its own for one errand of a tool, with few rounds, an own limit of money and nobody who
//! watches. Its calls stand on the tab of the turn, so they are paid with it, also when it is cut.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Mind;
use super::interrupt::Stop;
use super::orchestrator::own;
use super::round::{self, Desk, Ended, Round};
use crate::domain::message::Role;
use crate::domain::money::Usd;
use crate::llm::StopReason;
use crate::llm::request::{Block, LlmMessage, LlmRequest, ToolChoice};
use crate::services::pricing;
use crate::services::tab::Tab;
use crate::tools::errand::{Delegate, Errand, Report, Unfinished};
use crate::tools::{Toolbox, Workshop, runner};

/// Rounds of one errand.
const ROUNDS: usize = 8;
/// Tokens below which an answer is not worth beginning.
const SHORTEST_ANSWER: u64 = 2_000;

/// Who carries out errands of a turn's tools.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subagent<'a> {
    pub(super) mind: &'a Mind,
    pub(super) tab: &'a Tab,
    pub(super) stop: &'a Stop,
}

impl Subagent<'_> {
    /// What tools may use.
    pub(super) fn workshop(&self) -> Workshop<'_> {
        Workshop { registry: &self.mind.registry, today: self.mind.clock.now().date_naive(), delegate: self }
    }
}

impl Delegate for Subagent<'_> {
    fn carry_out(&self, errand: Errand) -> BoxFuture<'_, Report> {
        async move {
            let mut work = Work { subagent: *self, errand, spent: Usd::ZERO, rounds: 0 };
            let answer = work.run().await;
            Report { answer, cost: work.spent, rounds: work.rounds }
        }
        .boxed()
    }
}

/// An errand under way.
struct Work<'a> {
    subagent: Subagent<'a>,
    errand: Errand,
    spent: Usd,
    rounds: usize,
}

impl Work<'_> {
    async fn run(&mut self) -> Result<String, Unfinished> {
        let Subagent { mind, tab, stop } = self.subagent;
        let toolbox = mind.toolbox.for_errands();
        let mut request = self.request(&toolbox);
        while self.rounds < ROUNDS {
            self.rounds += 1;
            request.max_tokens = self.affordable(&request);
            if request.max_tokens < SHORTEST_ANSWER {
                return Err(Unfinished::Cap);
            }
            if self.rounds == ROUNDS || self.is_nearly_spent() {
                self.ask_for_the_end(&mut request);
            }
            let round = round::ask(Desk { mind, tab, screen: None, stop }, &request).await;
            let today = mind.clock.now().date_naive();
            self.spent +=
                round.calls.iter().map(|call| pricing::price(&mind.registry, call, today).cost).sum();
            let Round { text, blocks, tool_calls, ended, .. } = round;
            match ended {
                Ended::Stop(StopReason::ToolUse) if !tool_calls.is_empty() => {
                    let ran = runner::run(&toolbox, self.subagent.workshop(), tab, &tool_calls).await;
                    let results = runner::results(&tool_calls, ran);
                    request.messages.push(own(blocks));
                    request.messages.push(LlmMessage { role: Role::User, blocks: results });
                }
                Ended::Stop(StopReason::PauseTurn) if !blocks.is_empty() => {
                    request.messages.push(own(blocks));
                }
                Ended::Stop(StopReason::Refusal) => return Err(Unfinished::Refused),
                Ended::Stop(StopReason::MaxTokens) if request.max_tokens < request.model.answer_limit() => {
                    return Err(Unfinished::Cap);
                }
                Ended::Stop(_) if !text.trim().is_empty() => return Ok(text),
                Ended::Stop(_) => return Err(Unfinished::Empty),
                Ended::Cut(_) => return Err(Unfinished::Cut),
                Ended::Failed(error) => return Err(Unfinished::Failed(error.name())),
            }
        }
        Err(Unfinished::Rounds)
    }

    fn request(&self, toolbox: &Toolbox) -> LlmRequest {
        let Errand { model, effort, system, prompt, .. } = &self.errand;
        let asked = LlmMessage { role: Role::User, blocks: vec![Block::Text(prompt.clone())] };
        LlmRequest {
            model: model.clone(),
            effort: *effort,
            max_tokens: model.answer_limit(),
            system: vec![(*system).to_owned()],
            tools: toolbox.specs().to_vec(),
            tool_choice: ToolChoice::Auto,
            messages: vec![asked],
            stable: 0,
        }
    }

    /// How long the next answer may be, so that the errand cannot cost more than its limit.
    fn affordable(&self, request: &LlmRequest) -> u64 {
        let today = self.subagent.mind.clock.now().date_naive();
        pricing::affordable(&request.model, request.bytes(), self.errand.cap - self.spent, today)
    }

    /// Whether three quarters of the money are gone, so that the end has to come now.
    fn is_nearly_spent(&self) -> bool {
        self.spent.times(4) >= self.errand.cap.times(3)
    }

    fn ask_for_the_end(&self, request: &mut LlmRequest) {
        request.tool_choice = ToolChoice::None;
        let told = Block::Text(self.errand.last_words.to_owned());
        match request.messages.last_mut() {
            Some(last) if last.role == Role::User => last.blocks.push(told),
            _ => request.messages.push(LlmMessage { role: Role::User, blocks: vec![told] }),
        }
    }
}
