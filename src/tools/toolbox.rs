//! The tools of this installation, and those of a sub-agent.

use std::sync::Arc;

use strum::VariantArray;

use super::analyze_image::AnalyzeImage;
use super::analyze_pdf::AnalyzePdf;
use super::cost_estimator::CostEstimator;
use super::deliver_file::DeliverFile;
use super::execute_python::ExecutePython;
use super::generate_image::GenerateImage;
use super::list_files::ListFiles;
use super::preview_file::PreviewFile;
use super::render_latex::RenderLatex;
use super::self_critique::SelfCritique;
use super::tool::Definition;
use super::transcribe_audio::TranscribeAudio;
use super::web::WebAccess;
use crate::domain::tool::ToolName;
use crate::llm::request::{ServerTool, ToolSpec};

/// Tools in the fixed order in which the model sees them: a prompt's prefix must not change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Toolbox {
    tools: Vec<Definition>,
    specs: Arc<[ToolSpec]>,
    web: WebAccess,
    server_tools: Arc<[ServerTool]>,
}

impl Toolbox {
    /// Creates the toolbox of an installation that lacks what these tools need.
    pub(crate) fn without(hidden: &[ToolName]) -> Self {
        let shown = ToolName::VARIANTS.iter().filter(|name| !hidden.contains(name));
        Self::of(shown.filter_map(|&name| definition(name)).collect())
    }

    /// Adds the tools of the web, which the provider runs.
    #[must_use]
    pub(crate) fn with_web(self, web: WebAccess) -> Self {
        Self { server_tools: web.tools(), web, ..self }
    }

    pub(super) fn of(tools: Vec<Definition>) -> Self {
        let specs = tools.iter().map(|tool| tool.spec.clone()).collect();
        Self { tools, specs, ..Self::default() }
    }

    /// Returns the tools for a sub-agent: none that starts another critic, sends files, draws pictures, or is
    /// charged by itself and thus not covered by the limit of its task.
    #[must_use]
    pub(crate) fn for_subagents(&self) -> Self {
        const TURN_ONLY: [ToolName; 4] = [
            ToolName::SelfCritique,
            ToolName::DeliverFile,
            ToolName::TranscribeAudio,
            ToolName::GenerateImage,
        ];
        let own = |tool: &&Definition| TURN_ONLY.iter().all(|name| tool.spec.name != name.name());
        let web = self.web.for_subagents();
        Self::of(self.tools.iter().filter(own).cloned().collect()).with_web(web)
    }

    /// Returns the tool definitions for the model, the same in all requests.
    pub(crate) fn specs(&self) -> &Arc<[ToolSpec]> {
        &self.specs
    }

    /// Returns the definitions of the tools that the provider runs, the same in all requests.
    pub(crate) fn server_tools(&self) -> &Arc<[ServerTool]> {
        &self.server_tools
    }

    /// Returns all tools that may cost something, those of the provider included.
    #[cfg(test)]
    pub(crate) fn paid() -> Vec<ToolName> {
        let is_paid = |name: &&ToolName| match definition(**name) {
            Some(tool) => !tool.is_free(),
            // A page that is read costs its tokens only.
            None => **name == ToolName::WebSearch,
        };
        ToolName::VARIANTS.iter().filter(is_paid).copied().collect()
    }

    pub(super) fn find(&self, name: &str) -> Option<&Definition> {
        self.tools.iter().find(|tool| tool.spec.name == name)
    }
}

/// Returns the definition of a tool, or `None` if the provider runs it.
fn definition(name: ToolName) -> Option<Definition> {
    Some(match name {
        ToolName::CostEstimator => Definition::of::<CostEstimator>(),
        ToolName::SelfCritique => Definition::of::<SelfCritique>(),
        ToolName::ListFiles => Definition::of::<ListFiles>(),
        ToolName::DeliverFile => Definition::of::<DeliverFile>(),
        ToolName::PreviewFile => Definition::of::<PreviewFile>(),
        ToolName::TranscribeAudio => Definition::of::<TranscribeAudio>(),
        ToolName::AnalyzeImage => Definition::of::<AnalyzeImage>(),
        ToolName::AnalyzePdf => Definition::of::<AnalyzePdf>(),
        ToolName::ExecutePython => Definition::of::<ExecutePython>(),
        ToolName::RenderLatex => Definition::of::<RenderLatex>(),
        ToolName::GenerateImage => Definition::of::<GenerateImage>(),
        ToolName::WebSearch | ToolName::WebFetch => return None,
    })
}

#[cfg(test)]
mod tests;
