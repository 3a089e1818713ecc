//! Tools that the model may call. The toolbox decides what is offered; the runner owns limits and cancellation.

pub mod runner;

use crate::llm::request::ToolSpec;

/// The tools of this installation, in the fixed order in which the model sees them.
#[derive(Clone, Debug, Default)]
pub struct Toolbox {
    specs: Vec<ToolSpec>,
}

impl Toolbox {
    /// What the model is told.
    pub fn specs(&self) -> &[ToolSpec] {
        &self.specs
    }
}
