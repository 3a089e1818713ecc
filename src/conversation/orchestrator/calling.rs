//! The tool calls of a round: runs them, shows them and keeps them for later prompts.

use super::super::subagent::Subagent;
use super::TurnLoop;
use crate::domain::record;
use crate::domain::tool_round::{PastCall, ToolRound};
use crate::domain::turn::TurnEvent;
use crate::llm::event::ToolCall;
use crate::llm::message::Block;
use crate::tools::runner::{self, ToolOutcome};
use crate::tools::{Progress, ToolContext};

impl TurnLoop<'_> {
    /// Runs the tool calls of a round concurrently. Shows that all have started and, once the last has
    /// returned, how each ended. Returns `None` if the turn was stopped meanwhile.
    pub(super) async fn run_tools(&mut self, calls: &[ToolCall]) -> Option<Vec<Block>> {
        let started_at = self.assistant.clock.now();
        for ToolCall { id, name, .. } in calls {
            self.show(TurnEvent::ToolStarted { call: id.clone(), name: name.clone(), subject: None }).await;
        }
        let subagent = Subagent {
            assistant: self.assistant,
            meter: &self.meter,
            stop: self.stop,
            turn: self.row,
            key: self.key,
            thread: self.thread,
            payer: self.payer,
            deliveries: &self.deliveries,
            outages: &self.outages,
        };
        let context = ToolContext { progress: Progress::on(&self.screen), ..subagent.context() };
        let working = runner::run(&self.assistant.toolbox, context, calls);
        let ran = self.stop.or_cut(working).await?;
        self.assistant.count_tools(calls, &ran);
        for (ToolCall { id, name, .. }, ran) in calls.iter().zip(&ran) {
            let ended = record::ToolCallRecord {
                turn: self.row,
                attempt: self.attempt,
                call: id.clone(),
                tool: name.clone(),
                failed: ran.failed,
                duration_ms: i64::try_from(ran.duration.as_millis()).unwrap_or(i64::MAX),
                cost: ran.cost,
                started_at,
            };
            self.tools.push(ended.clone());
            self.show(TurnEvent::ToolEnded(ended)).await;
        }
        self.remember(calls, &ran);
        Some(runner::results(calls, ran))
    }

    /// Keeps the calls of a round for later prompts.
    fn remember(&mut self, calls: &[ToolCall], ran: &[ToolOutcome]) {
        let calls = calls.iter().zip(ran).filter_map(|(call, ran)| {
            let input = call.input.as_ref().map_or_else(|_| "{}".to_owned(), ToString::to_string);
            PastCall::new(&call.id, &call.name, &input, &ran.content, ran.failed)
        });
        let round = ToolRound { text_end: self.text.len(), calls: calls.collect() };
        if !round.calls.is_empty() {
            self.rounds.push(round);
        }
    }
}
