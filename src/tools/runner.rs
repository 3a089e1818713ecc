//! Runs the calls of one round and answers every one of them, in the order of the calls: the provider refuses a
//! conversation in which a call has no result.

use super::Toolbox;
use crate::llm::event::ToolCall;
use crate::llm::request::Block;

/// Answers the calls. A call that cannot be run is told to the model, which can do better.
pub fn run(toolbox: &Toolbox, calls: &[ToolCall]) -> Vec<Block> {
    calls.iter().map(|call| refuse(toolbox, call)).collect()
}

fn refuse(toolbox: &Toolbox, call: &ToolCall) -> Block {
    let names: Vec<&str> = toolbox.specs().iter().map(|spec| spec.name).collect();
    let content = match &call.input {
        Err(reason) => format!("The arguments of {} are not valid JSON: {reason}", call.name),
        Ok(_) if names.is_empty() => {
            format!("There is no tool {}, nor any other. Answer without tools.", call.name)
        }
        Ok(_) => format!("There is no tool {}. The tools are: {}.", call.name, names.join(", ")),
    };
    Block::ToolResult { call: call.id.clone(), content, is_error: true }
}
