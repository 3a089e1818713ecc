//! One turn of a conversation: ask the model, stream, run tools, ask again, until a stop.
//! It can emit events, note its calls on a tab and return a report; it cannot reach a chat or a database.

pub mod interrupt;
mod orchestrator;
mod prompt;
mod prompt_files;
mod round;
mod subagent;
mod window;

use std::time::Duration;

pub use orchestrator::converse;
pub use prompt::bytes as prompt_bytes;
pub use prompt_files::shows;

use crate::db::Db;
use crate::domain::clock::Clock;
use crate::llm::Provider;
use crate::llm::registry::Registry;
use crate::telemetry::metrics::Metrics;
use crate::tools::Toolbox;

/// Everything that a conversation uses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Assistant {
    /// Who answers.
    pub provider: Provider,
    /// What it may call.
    pub toolbox: Toolbox,
    /// What is stored, for tools.
    pub db: Db,
    /// Models and prices, for tools.
    pub registry: Registry,
    /// The time, for tools.
    pub clock: Clock,
    /// How long a stream may be silent before it counts as dead.
    pub idle_limit: Duration,
    /// How long a stream may bring nothing but signs of life before it counts as dead.
    pub max_silence: Duration,
    /// Where requests and tokens are counted.
    pub metrics: Metrics,
}
