//! The tool calls of earlier answers in a prompt: between the pieces of the answer's text stand the calls,
//! and their results in messages of the user, as the provider requires.
//!
//! The results of old calls become a line, a whole step at a time, so that the beginning of the prompt, which
//! the provider caches, seldom changes.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::domain::blank::is_blank;
use crate::domain::history::Window;
use crate::domain::message::{HistoryMessage, Role};
use crate::domain::tool_round::{LEFT_OUT, PastCall, ToolRound};
use crate::llm::message::{Block, LlmMessage};

/// How many calls of a conversation are shown with their results. Each has up to 6,000 bytes.
const RESULTS: Window = Window { limit: 20, step: 10 };

/// The number of oldest calls of a conversation whose results are to be left out, counted down while its
/// messages are read in order.
#[derive(Debug)]
pub(super) struct ToolWindow {
    left_out: i64,
    /// The ids of calls so far: the provider accepts each only once.
    seen: HashSet<String>,
}

impl ToolWindow {
    /// Counts the calls of a conversation.
    pub(super) fn of(history: &[HistoryMessage]) -> Self {
        let calls: usize =
            history.iter().flat_map(|said| &said.tool_rounds).map(|round| round.calls.len()).sum();
        let left_out = RESULTS.skipped(i64::try_from(calls).unwrap_or(i64::MAX));
        Self { left_out, seen: HashSet::new() }
    }

    /// Returns the messages that precede the last piece of an answer's text, and that piece.
    pub(super) fn split<'a>(&mut self, answer: &'a HistoryMessage) -> (Vec<LlmMessage>, &'a str) {
        let (mut messages, mut from) = (Vec::new(), 0);
        for round in &answer.tool_rounds {
            let text = answer.text.get(from..round.text_end).unwrap_or_default();
            let (calls, results) = self.blocks(round);
            if calls.is_empty() {
                continue;
            }
            from = from.max(round.text_end);
            let said = Some(text.trim()).filter(|text| !is_blank(text));
            let said = said.map(|text| Block::Text(text.to_owned()));
            messages
                .push(LlmMessage { role: Role::Assistant, blocks: said.into_iter().chain(calls).collect() });
            messages.push(LlmMessage { role: Role::User, blocks: results });
        }
        let rest = answer.text.get(from..).unwrap_or_default();
        (messages, if from == 0 { rest } else { rest.trim_start() })
    }

    fn blocks(&mut self, round: &ToolRound) -> (Vec<Block>, Vec<Block>) {
        let new: Vec<&PastCall> =
            round.calls.iter().filter(|call| self.seen.insert(call.id.clone())).collect();
        let call = |past: &&PastCall| Block::ToolCall {
            call: past.id.clone(),
            tool: past.tool.clone(),
            input: arguments(&past.input),
        };
        let calls = new.iter().map(call).collect();
        let result = |past: &PastCall| {
            let shown = self.left_out <= 0;
            self.left_out -= 1;
            Block::ToolResult {
                call: past.id.clone(),
                content: if shown { past.result.clone() } else { LEFT_OUT.to_owned() },
                images: Vec::new(),
                is_error: past.failed,
            }
        };
        (calls, new.into_iter().map(result).collect())
    }
}

/// Returns the arguments as an object: the provider refuses anything else.
fn arguments(text: &str) -> Value {
    let value = serde_json::from_str(text).ok().filter(Value::is_object);
    value.unwrap_or_else(|| Value::Object(Map::new()))
}
