//! What a person types so that a tool is used, and what they see of it.

use playground::samples;
use playground::telegram::{Attachment, NewFile};
use serde_json::{Value, json};
use starling::domain::tool::ToolName;

/// The seconds that the code of the trials sleeps, at least.
pub(super) const NAP: &str = "0.2";

/// A tool in the trials.
pub(super) struct Row {
    /// The file that Ann has sent before.
    pub(super) file: Option<NewFile>,
    /// What Ann types.
    pub(super) typed: &'static str,
    /// What the chat shows while it works.
    pub(super) line: &'static str,
    /// A part of the answer.
    pub(super) shown: &'static str,
    /// How many files Ann gets.
    pub(super) files: usize,
    /// A part of the result in the next prompt.
    pub(super) remembered: &'static str,
}

pub(super) fn notes() -> NewFile {
    NewFile::text("notes.txt", "The meeting is at nine.")
}

pub(super) fn photo() -> NewFile {
    NewFile::photo(640, 480)
}

/// Music of ten seconds.
fn song() -> NewFile {
    NewFile::new(Attachment::Audio, "song.wav", "audio/wav", samples::wav(10))
}

/// Returns what to expect of a tool.
pub(super) fn row(tool: ToolName) -> Row {
    Row {
        file: file(tool),
        typed: typed(tool),
        line: line(tool),
        shown: shown(tool),
        files: files(tool),
        remembered: remembered(tool),
    }
}

fn file(tool: ToolName) -> Option<NewFile> {
    match tool {
        ToolName::ListFiles | ToolName::DeliverFile | ToolName::PreviewFile => Some(notes()),
        ToolName::TranscribeAudio => Some(song()),
        ToolName::AnalyzeImage => Some(photo()),
        ToolName::AnalyzePdf => Some(NewFile::pdf("report.pdf", 3)),
        ToolName::CostEstimator
        | ToolName::SelfCritique
        | ToolName::RenderLatex
        | ToolName::GenerateImage
        | ToolName::WebSearch
        | ToolName::WebFetch
        | ToolName::ExecutePython => None,
    }
}

fn typed(tool: ToolName) -> &'static str {
    match tool {
        ToolName::CostEstimator => "Please use a tool.",
        ToolName::SelfCritique => "Check your answer, please.",
        ToolName::ListFiles => "!tool list_files",
        ToolName::DeliverFile => "Please send me the file.",
        ToolName::PreviewFile => "Read the document, please.",
        ToolName::TranscribeAudio => "Please transcribe it.",
        ToolName::AnalyzeImage => "Please look at the picture again.",
        ToolName::AnalyzePdf => "Read page 2 of the PDF.",
        ToolName::RenderLatex => "Draw the formula, please.",
        ToolName::GenerateImage => "Draw me a lighthouse at night",
        ToolName::WebSearch => "Search the web, please.",
        ToolName::WebFetch => "!fetch https://rates.example/eur",
        ToolName::ExecutePython => {
            "!python\nimport time\ntime.sleep(0.2)\nopen('a.txt', 'w').write('x')\nprint(6 * 7)"
        }
    }
}

fn line(tool: ToolName) -> &'static str {
    match tool {
        ToolName::CostEstimator => "estimating costs",
        ToolName::SelfCritique => "checking the answer",
        ToolName::ListFiles => "looking through the files",
        ToolName::DeliverFile => "sending files",
        ToolName::PreviewFile => "reading the file",
        ToolName::TranscribeAudio => "listening to the recording",
        ToolName::AnalyzeImage => "looking at the picture",
        ToolName::AnalyzePdf => "reading the PDF",
        ToolName::RenderLatex => "drawing the formula",
        ToolName::GenerateImage => "drawing a picture",
        ToolName::WebSearch => "searching: euro dollar rate",
        ToolName::WebFetch => "reading rates.example",
        ToolName::ExecutePython => "running Python",
    }
}

fn shown(tool: ToolName) -> &'static str {
    match tool {
        ToolName::CostEstimator => "The tool cost_estimator says",
        ToolName::SelfCritique => "The tool self_critique says",
        ToolName::ListFiles => "notes.txt",
        ToolName::DeliverFile => "The tool deliver_file says",
        ToolName::PreviewFile => "The meeting is at nine.",
        ToolName::TranscribeAudio => "The tool transcribe_audio says",
        ToolName::AnalyzeImage => "The tool analyze_image says",
        ToolName::AnalyzePdf => "The tool analyze_pdf says",
        ToolName::RenderLatex => "Here is the formula.",
        ToolName::GenerateImage => "The tool generate_image says",
        ToolName::WebSearch => "EUR/USD today",
        ToolName::WebFetch => "The page says: One euro is 1.17 dollars",
        ToolName::ExecutePython => "Below are the files.",
    }
}

fn files(tool: ToolName) -> usize {
    match tool {
        ToolName::DeliverFile | ToolName::RenderLatex | ToolName::GenerateImage | ToolName::ExecutePython => {
            1
        }
        ToolName::CostEstimator
        | ToolName::SelfCritique
        | ToolName::ListFiles
        | ToolName::PreviewFile
        | ToolName::TranscribeAudio
        | ToolName::AnalyzeImage
        | ToolName::AnalyzePdf
        | ToolName::WebSearch
        | ToolName::WebFetch => 0,
    }
}

fn remembered(tool: ToolName) -> &'static str {
    match tool {
        ToolName::CostEstimator => "usd_total",
        ToolName::SelfCritique => "verdict",
        ToolName::ListFiles => "notes.txt",
        ToolName::DeliverFile => "will_be_sent_after_the_answer",
        ToolName::PreviewFile => "The meeting is at nine.",
        ToolName::TranscribeAudio => "duration_seconds",
        ToolName::AnalyzeImage => "(640 x 480)",
        ToolName::AnalyzePdf => "pages_in_document",
        ToolName::RenderLatex => "formula.png",
        ToolName::GenerateImage => "drawn_2",
        ToolName::WebSearch | ToolName::WebFetch => "[EUR/USD today](<https://rates.example/eur>)",
        ToolName::ExecutePython => "42",
    }
}

/// Returns the arguments of a call that works. `file` is the id of the row's file.
pub(super) fn arguments(tool: ToolName, file: &str) -> Value {
    match tool {
        ToolName::CostEstimator => json!({"input_chars": 1_000, "output_chars": 100}),
        ToolName::SelfCritique => json!({"user_request": "What is 2 + 2?", "content": "5"}),
        ToolName::ListFiles => json!({}),
        ToolName::DeliverFile | ToolName::PreviewFile | ToolName::TranscribeAudio => json!({"file_id": file}),
        ToolName::AnalyzeImage | ToolName::AnalyzePdf => json!({"file_id": file, "question": "What is it?"}),
        ToolName::RenderLatex => json!({"latex": r"\frac{1}{2}"}),
        ToolName::GenerateImage => json!({"prompt": "A cat"}),
        ToolName::WebSearch => json!({"query": "dollars euro"}),
        ToolName::WebFetch => json!({"url": "https://rates.example/eur"}),
        ToolName::ExecutePython => {
            json!({"code": format!("import time\ntime.sleep({NAP})\nopen('a.txt', 'w').write('x')")})
        }
    }
}
