//! One turn of a conversation: ask the model, stream, run tools, ask again, until a stop.
//! It can emit events, record its calls and return a report; it has no access to chats or the database.

mod assistant;
mod deliveries;
mod effort;
pub(crate) mod interrupt;
mod orchestrator;
mod output_ratio;
mod prompt;
mod prompt_files;
mod prompt_tools;
mod round;
mod subagent;
mod topic_name;
mod web_use;
mod window;

pub(crate) use assistant::Assistant;
pub(crate) use orchestrator::converse;
pub(crate) use output_ratio::OutputRatios;
pub(crate) use prompt::bytes as prompt_bytes;
pub(crate) use prompt_files::{ShownContent, shows};
pub(crate) use topic_name::{NamingAnswer, name_topic};
