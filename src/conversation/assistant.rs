//! What a conversation uses.

use std::time::Duration;

use crate::db::Db;
use crate::domain::clock::Clock;
use crate::llm::Provider;
use crate::llm::registry::Registry;
use crate::services::file_copies::FileCopies;
use crate::services::made_files::MadeFiles;
use crate::telemetry::metrics::Metrics;
use crate::tools::Toolbox;

/// Everything that a conversation uses. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Assistant {
    /// Who answers.
    pub provider: Provider,
    /// What it may call.
    pub toolbox: Toolbox,
    /// Renews copies of files that the provider does not have any more.
    pub copies: FileCopies,
    /// What is stored, for tools.
    pub db: Db,
    /// The files that tools make.
    pub made_files: MadeFiles,
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
