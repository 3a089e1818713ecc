//! One turn of a conversation: ask the model, stream, run tools, ask again, until a stop.
//! It can emit events, note its calls on a tab and return a report; it cannot reach a chat or a database.

mod assistant;
mod deliveries;
pub(crate) mod interrupt;
mod orchestrator;
mod prompt;
mod prompt_files;
mod round;
mod subagent;
mod window;

pub(crate) use assistant::Assistant;
pub(crate) use orchestrator::converse;
pub(crate) use prompt::bytes as prompt_bytes;
pub(crate) use prompt_files::{ShownContent, shows};
