//! The names of the tools that a model may call, and how a call appears to people.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A tool. The model calls it by its name in `snake_case`. The order of the variants is the order of the tools in
/// requests to the model, whose cached prefix begins with them: a new variant goes to the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ToolName {
    /// Estimates the cost of work.
    CostEstimator,
    /// Lets another model look for faults in an answer.
    SelfCritique,
    /// Lists the files of the conversation.
    ListFiles,
    /// Sends files to the person.
    DeliverFile,
    /// Reads a document as text.
    PreviewFile,
    /// Turns the speech in a file into text.
    TranscribeAudio,
    /// Answers a question about a picture.
    AnalyzeImage,
    /// Answers a question about pages of a PDF.
    AnalyzePdf,
    /// Draws a formula.
    RenderLatex,
    /// Draws pictures.
    GenerateImage,
    /// Searches the web; the provider runs it.
    WebSearch,
    /// Reads a web page; the provider runs it.
    WebFetch,
    /// Runs Python in a sandbox.
    ExecutePython,
}

impl ToolName {
    /// Returns the name in requests, rows and metrics.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the tool with this name, or `None` if the model invented it.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Returns whether the model's provider runs the tool itself.
    pub fn is_of_provider(self) -> bool {
        matches!(self, Self::WebSearch | Self::WebFetch)
    }

    /// Returns the activity that the chat shows while the tool runs: writing, unless the tool makes a picture
    /// or sends a file and is listed here.
    pub fn activity(self) -> Activity {
        match self {
            Self::DeliverFile => Activity::File,
            Self::RenderLatex | Self::GenerateImage => Activity::Picture,
            _ => Activity::Writing,
        }
    }
}

/// What the bot is doing, as a chat action of Telegram.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Activity {
    /// Thinking or writing.
    #[default]
    Writing,
    /// Creating a picture.
    Picture,
    /// Creating a file.
    File,
}

/// The progress of a tool call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ToolState {
    /// The call is running.
    Running,
    /// The call has returned a result.
    Done,
    /// The call has returned an error.
    Failed,
}
