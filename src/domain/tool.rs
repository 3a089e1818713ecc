//! The names of the tools that a model may call, and what people see of a call.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A tool. Its name is what the model calls it, `snake_case`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ToolName {
    /// Estimates what work would cost.
    CostEstimator,
    /// Has another model look for faults in an answer.
    SelfCritique,
    /// Lists the files of the conversation.
    ListFiles,
}

impl ToolName {
    /// The name on the wire, in rows and in metrics.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The tool that a model calls by this name; `None` if it invented the name.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// What the chat shows while it works.
    pub fn activity(self) -> Activity {
        match self {
            Self::CostEstimator | Self::SelfCritique | Self::ListFiles => Activity::Writing,
        }
    }
}

/// What the bot is doing, as Telegram can show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Activity {
    /// Thinking and writing.
    #[default]
    Writing,
    /// Making a picture.
    Picture,
    /// Making a file.
    File,
}

/// How far a call of a tool has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ToolState {
    /// It works.
    Running,
    /// It has returned a result.
    Done,
    /// It has returned an error.
    Failed,
}
