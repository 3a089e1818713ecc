//! The services that a conversation uses.

use std::time::Duration;

use crate::db::Db;
use crate::domain::clock::Clock;
use crate::llm::Provider;
use crate::llm::registry::Registry;
use crate::services::file_copies::FileCopies;
use crate::services::file_previews::FilePreviews;
use crate::services::made_files::MadeFiles;
use crate::telemetry::metrics::Metrics;
use crate::tools::Toolbox;

/// The services that a conversation uses. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Assistant {
    /// The provider of the model.
    pub provider: Provider,
    /// The tools that the model may call.
    pub toolbox: Toolbox,
    /// Renews copies of files that the provider does not have any more.
    pub copies: FileCopies,
    /// Reads documents as text.
    pub previews: FilePreviews,
    /// The database, for tools.
    pub db: Db,
    /// The files that tools make.
    pub made_files: MadeFiles,
    /// Models and prices, for tools.
    pub registry: Registry,
    /// The clock, for tools.
    pub clock: Clock,
    /// How long a stream may be silent before it counts as dead.
    pub idle_limit: Duration,
    /// How long a stream may bring nothing but pings before it counts as dead.
    pub max_silence: Duration,
    /// The metrics of requests and tokens.
    pub metrics: Metrics,
}
