//! Rounds of tool calls as a conversation remembers them: later prompts repeat the calls of an answer and
//! their results, so that the model can build on them.

use serde::{Deserialize, Serialize};

use crate::domain::tool::ToolName;

/// The longest arguments of a call that are kept, in bytes of JSON: a program of some 400 lines.
const LONGEST_INPUT: usize = 16_000;
/// The longest result that is kept, in bytes. A longer one loses its middle.
const LONGEST_RESULT: usize = 6_000;
/// How much of the end of a longer result is kept, in bytes: what went wrong often stands there.
const RESULT_TAIL: usize = 1_500;
/// The most that is kept of one answer, in bytes. Beyond it, the results of the oldest calls are left out.
const MOST_OF_AN_ANSWER: usize = 60_000;
/// Replaces a result that is left out.
pub const LEFT_OUT: &str = "[this result is left out; call the tool again if you need it]";

/// A round of an answer: the calls that the model made after a piece of its text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolRound {
    /// Where the text that precedes the calls ends, in bytes of the answer's text.
    pub text_end: usize,
    /// The calls, in order.
    pub calls: Vec<PastCall>,
}

/// A tool call of an earlier answer with its result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PastCall {
    /// The model's id of the call.
    pub id: String,
    /// The name of the tool, as the model gave it.
    pub tool: String,
    /// The arguments: the text of a JSON object.
    pub input: String,
    /// The result that the model read, shortened.
    pub result: String,
    /// Whether the call failed.
    pub failed: bool,
}

impl PastCall {
    /// Creates a remembered call. Returns `None` if a later request could not repeat it: an id or a name with
    /// characters that the provider refuses, or a tool that is none of ours.
    pub fn new(id: &str, tool: &str, input: &str, result: &str, failed: bool) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let repeatable = !id.is_empty() && id.len() <= 128 && id.chars().all(plain);
        let own = |tool: &ToolName| repeatable && !tool.is_of_provider();
        let tool = ToolName::named(tool).filter(own)?.name().to_owned();
        let input = if input.len() > LONGEST_INPUT {
            format!(r#"{{"left_out":"{} bytes of arguments"}}"#, input.len())
        } else {
            input.to_owned()
        };
        Some(Self { id: id.to_owned(), tool, input, result: shortened(result), failed })
    }

    fn size(&self) -> usize {
        self.input.len() + self.result.len()
    }
}

/// Leaves out the oldest results until an answer keeps no more than its share.
pub fn limit(rounds: &mut [ToolRound]) {
    let mut size: usize = rounds.iter().flat_map(|round| &round.calls).map(PastCall::size).sum();
    for call in rounds.iter_mut().flat_map(|round| &mut round.calls) {
        if size <= MOST_OF_AN_ANSWER {
            return;
        }
        size = size.saturating_sub(call.result.len().saturating_sub(LEFT_OUT.len()));
        LEFT_OUT.clone_into(&mut call.result);
    }
}

/// Removes the middle of a result that is too long.
fn shortened(result: &str) -> String {
    let result = result.replace('\0', "");
    if result.len() <= LONGEST_RESULT {
        return result;
    }
    let head = result.floor_char_boundary(LONGEST_RESULT - RESULT_TAIL);
    let tail = result.ceil_char_boundary(result.len() - RESULT_TAIL);
    format!("{}\n[{} bytes left out]\n{}", &result[..head], tail - head, &result[tail..])
}

#[cfg(test)]
mod tests;
