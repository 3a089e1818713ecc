//! Sub-agents: a separate conversation for one task of a tool, with few rounds and its own cost limit, not
//! shown to anybody. Its calls are recorded with those of the turn, so they are paid with it even if it is
//! cut.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Assistant;
use super::deliveries::Deliveries;
use super::interrupt::Stop;
use super::round::{self, Round, RoundContext, RoundEnd};
use crate::domain::blank::is_blank;
use crate::domain::ids::{ThreadId, ThreadKey, TurnId};
use crate::domain::message::Role;
use crate::domain::money::Usd;
use crate::domain::turn::TurnPayer;
use crate::lifecycle::kill_point;
use crate::llm::error::{RetryPauses, TRIES};
use crate::llm::message::{Block, LlmMessage};
use crate::llm::request::{LlmRequest, ToolChoice};
use crate::llm::{LlmError, StopReason};
use crate::services::metering::TurnMeter;
use crate::services::pricing;
use crate::tools::subagent::{RunSubagent, SubagentReport, SubagentTask, Unfinished};
use crate::tools::{Allowance, Outages, Progress, ToolContext, Toolbox, runner};

/// The most rounds of one task.
const ROUNDS: usize = 8;
/// The fewest tokens, thinking included, for which an answer is worth beginning.
const SHORTEST_ANSWER: u64 = 4_000;
/// The assumed growth of a prompt per round, web pages included, in bytes, for which money is reserved.
const GROWTH: u64 = 16_000;

/// Runs the sub-agents of a turn's tools.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subagent<'a> {
    pub(super) assistant: &'a Assistant,
    pub(super) meter: &'a TurnMeter,
    pub(super) stop: &'a Stop,
    /// The turn's row.
    pub(super) turn: TurnId,
    /// The conversation that the turn belongs to.
    pub(super) key: ThreadKey,
    /// Its row.
    pub(super) thread: ThreadId,
    /// Who pays for the turn.
    pub(super) payer: TurnPayer,
    /// Sends files to its chat.
    pub(super) deliveries: &'a Deliveries,
    /// The services of tools that are down in this turn.
    pub(super) outages: &'a Outages,
}

impl Subagent<'_> {
    /// Returns the context for tools.
    pub(super) fn context(&self) -> ToolContext<'_> {
        let Assistant { registry, db, made_files, previews, views, transcripts, .. } = self.assistant;
        let Assistant { pictures, sandboxes, clock, .. } = self.assistant;
        let Self { meter, turn, key, thread, payer, outages, deliveries, .. } = *self;
        ToolContext {
            registry,
            now: clock.now(),
            db,
            made_files,
            previews,
            views,
            transcripts: transcripts.as_ref(),
            pictures,
            sandboxes: sandboxes.as_ref(),
            turn,
            key,
            thread,
            payer,
            subagents: self,
            delivery: deliveries,
            meter,
            allowance: None,
            progress: Progress::NOWHERE,
            outages,
        }
    }
}

impl RunSubagent for Subagent<'_> {
    fn run(&self, task: SubagentTask) -> BoxFuture<'_, SubagentReport> {
        async move {
            let mut work = SubagentRun {
                subagent: *self,
                task,
                spent: Usd::ZERO,
                rounds: 0,
                cache_read: 0,
                failures: 0,
                pauses: RetryPauses::new(),
            };
            let answer = work.run().await;
            kill_point!("subagent: answered");
            SubagentReport { answer, cost: work.spent, rounds: work.rounds, cache_read: work.cache_read }
        }
        .boxed()
    }
}

/// The state of a running task.
struct SubagentRun<'a> {
    subagent: Subagent<'a>,
    task: SubagentTask,
    spent: Usd,
    rounds: usize,
    cache_read: u64,
    failures: u32,
    pauses: RetryPauses,
}

impl SubagentRun<'_> {
    async fn run(&mut self) -> Result<String, Unfinished> {
        let Subagent { assistant, meter, stop, .. } = self.subagent;
        let toolbox = if self.task.tools { assistant.toolbox.for_subagents() } else { Toolbox::default() };
        let mut request = self.request(&toolbox);
        while self.rounds < ROUNDS {
            self.rounds += 1;
            self.bound(&mut request)?;
            // One try only: the next one must fit the money that is left then.
            let ctx = RoundContext { assistant, meter, screen: None, web: None, stop, tries: 1 };
            let round = round::ask(ctx, &request).await;
            let today = assistant.clock.now().date_naive();
            self.spent +=
                round.calls.iter().map(|call| pricing::price(&assistant.registry, call, today).cost).sum();
            self.cache_read += round.calls.iter().map(|call| call.usage.cache_read).sum::<u64>();
            let Round { text, blocks, tool_calls, ended, .. } = round;
            match ended {
                RoundEnd::Stop(reason) if reason.completes_calls() && !tool_calls.is_empty() => {
                    let allowance = Allowance::new(self.left_for_more(&request));
                    let context = ToolContext { allowance: Some(&allowance), ..self.subagent.context() };
                    let ran = runner::run(&toolbox, context, &tool_calls).await;
                    assistant.count_tools(&tool_calls, &ran);
                    self.spent += ran.iter().map(|ran| ran.cost).sum();
                    let results = runner::results(&tool_calls, ran);
                    request.messages.push(LlmMessage::assistant(blocks));
                    request.messages.push(LlmMessage { role: Role::User, blocks: results });
                }
                RoundEnd::Stop(StopReason::PauseTurn | StopReason::ToolUse) if !blocks.is_empty() => {
                    request.messages.push(LlmMessage::assistant(blocks));
                }
                RoundEnd::Stop(StopReason::Refusal) => return Err(Unfinished::Refused),
                RoundEnd::Stop(StopReason::MaxTokens)
                    if request.max_tokens < request.model.answer_limit() =>
                {
                    return Err(Unfinished::Cap);
                }
                RoundEnd::Stop(_) if !is_blank(&text) => return Ok(text),
                RoundEnd::Stop(_) => return Err(Unfinished::Empty),
                RoundEnd::Cut(_) => return Err(Unfinished::Cut),
                RoundEnd::Failed(error) => self.wait_after(&error).await?,
            }
        }
        Err(Unfinished::Rounds)
    }

    fn request(&self, toolbox: &Toolbox) -> LlmRequest {
        let SubagentTask { model, effort, system, files, prompt, tools, .. } = &self.task;
        let files = files.iter().cloned().map(Block::Inline);
        let blocks = files.chain([Block::Text(prompt.clone())]).collect();
        let asked = LlmMessage { role: Role::User, blocks };
        LlmRequest {
            model: model.clone(),
            effort: *effort,
            max_tokens: model.answer_limit(),
            system: vec![(*system).into()],
            tools: toolbox.specs().clone(),
            server_tools: toolbox.server_tools().clone(),
            tool_choice: if *tools { ToolChoice::Auto } else { ToolChoice::None },
            messages: vec![asked],
            stable: 0,
        }
    }

    /// Limits the length of the next answer so that the task cannot exceed its limit and a last answer stays
    /// affordable. If there is no room for another answer, or it has no tools, the next one is the last.
    fn bound(&self, request: &mut LlmRequest) -> Result<(), Unfinished> {
        let today = self.subagent.assistant.clock.now().date_naive();
        let affordable = |budget| pricing::affordable(&request.model, request.bytes(), budget, today);
        // The answer is read again in the next round, which costs up to half as much as writing it.
        let with_another = affordable(self.left_for_more(request)) * 2 / 3;
        if self.task.tools && self.rounds < ROUNDS && with_another >= SHORTEST_ANSWER {
            request.max_tokens = with_another;
            return Ok(());
        }
        request.max_tokens = affordable(self.task.cap - self.spent);
        if request.max_tokens < SHORTEST_ANSWER {
            return Err(Unfinished::Cap);
        }
        if request.tool_choice != ToolChoice::None {
            request.ask_for_the_end(self.task.last_words);
        }
        Ok(())
    }

    /// Returns what the task may still cost besides its last answer.
    fn left_for_more(&self, request: &LlmRequest) -> Usd {
        let Assistant { registry, clock, .. } = self.subagent.assistant;
        let today = clock.now().date_naive();
        let last_answer = pricing::reserve(&request.model, request.bytes() + GROWTH, SHORTEST_ANSWER, today)
            + pricing::searches(registry, &request.server_tools, today);
        self.task.cap - self.spent - last_answer
    }

    /// Waits after a temporary failure. The wait uses up no round, but the failed try costs money if it has
    /// reported usage.
    async fn wait_after(&mut self, error: &LlmError) -> Result<(), Unfinished> {
        self.failures += 1;
        let pause = self.pauses.after(error.retry()).filter(|_| self.failures < TRIES);
        let pause = pause.ok_or(Unfinished::Failed(error.name()))?;
        self.rounds -= 1;
        self.subagent.stop.or_cut(tokio::time::sleep(pause)).await.ok_or(Unfinished::Cut)
    }
}
