//! The services that a conversation uses.

use std::time::Duration;

use super::output_ratio::OutputRatios;
use crate::db::Db;
use crate::domain::clock::Clock;
use crate::domain::tool::ToolName;
use crate::lifecycle::fence::Fence;
use crate::llm::Provider;
use crate::llm::event::ToolCall;
use crate::llm::registry::Registry;
use crate::services::file_copies::FileCopies;
use crate::services::file_previews::FilePreviews;
use crate::services::file_transcripts::FileTranscripts;
use crate::services::file_views::FileViews;
use crate::services::made_files::MadeFiles;
use crate::services::pictures::Pictures;
use crate::services::sandboxes::Sandboxes;
use crate::telemetry::metrics::Metrics;
use crate::tools::Toolbox;
use crate::tools::runner::ToolOutcome;

/// The services that a conversation uses. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Assistant {
    /// The provider of the models.
    pub provider: Provider,
    /// The tools that models may call.
    pub toolbox: Toolbox,
    /// Estimates the length of stopped answers.
    pub ratios: OutputRatios,
    /// Renews copies of files that the provider no longer has.
    pub copies: FileCopies,
    /// Reads documents as text.
    pub previews: FilePreviews,
    /// Prepares pictures and PDFs for questions about them.
    pub views: FileViews,
    /// Turns the speech in files into text; `None` if it is not set up.
    pub transcripts: Option<FileTranscripts>,
    /// Makes pictures, for tools.
    pub pictures: Pictures,
    /// The sandboxes of conversations, for tools; `None` without a key for them.
    pub sandboxes: Option<Sandboxes>,
    /// The database, for tools.
    pub db: Db,
    /// The files that tools make.
    pub made_files: MadeFiles,
    /// Models and prices, for tools.
    pub registry: Registry,
    /// The clock, for tools.
    pub clock: Clock,
    /// How long a stream may be silent before it is treated as broken.
    pub idle_limit: Duration,
    /// How long a stream may send only pings before it is treated as broken.
    pub max_silence: Duration,
    /// Whether this instance may ask a model.
    pub fence: Fence,
    /// The metrics of requests, tokens and tools.
    pub metrics: Metrics,
}

impl Assistant {
    /// Counts calls of tools that ended. A name that the model invented counts as `unknown`.
    pub(crate) fn count_tools(&self, calls: &[ToolCall], ran: &[ToolOutcome]) {
        for (call, ran) in calls.iter().zip(ran) {
            let name = ToolName::named(&call.name).map_or("unknown", ToolName::name);
            self.metrics.count_tool(name, ran.failed, ran.duration);
            if let Some(reason) = ran.refusal {
                self.metrics.tools_refused.with_label_values(&[name, reason]).inc();
            }
        }
    }
}
