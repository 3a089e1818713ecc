//! The named scenarios of the scripted model. How a user's text chooses one is in `choice`.

mod choice;

pub(super) use choice::{DefaultScenario, Directive, choose};

/// What the scripted model does with a request; the table in the parent module explains each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Repeats the user's text.
    Echo,
    /// A short story.
    Story,
    /// About 12,000 characters.
    Long,
    /// A word every 300 ms.
    Slow,
    /// Code in several languages.
    Code,
    /// Every Markdown construct.
    Markdown,
    /// Thinking, then an answer.
    Thinking,
    /// A refusal.
    Refusal,
    /// The connection breaks after some text.
    Cut,
    /// Silence after some text.
    Stall,
    /// Status 429 with `retry-after`.
    RateLimited,
    /// Status 429 of a spend limit.
    SpendLimit,
    /// Status 529.
    Overloaded,
    /// Status 500.
    ServerError,
    /// An error event after some text.
    ErrorMidway,
    /// An error event before any text.
    ErrorFirst,
    /// The output limit is reached in the middle.
    MaxTokens,
    /// A long server turn that must be sent back.
    PauseTurn,
    /// A search of the built-in web, and an answer with citations.
    Search,
    /// A page of the built-in web, and an answer with a citation.
    Fetch,
    /// The context window fills up while answering.
    ContextExceeded,
    /// The prompt is refused as too long.
    PromptTooLong,
    /// A call of a declared tool.
    ToolUse,
    /// Events and deltas of unknown kinds between known ones.
    UnknownEvents,
    /// A tool call whose input breaks off.
    BrokenToolUse,
    /// A normal end without any content.
    Empty,
    /// What a critic says about a piece of work.
    Verdict,
    /// A call of `transcribe_audio` for the newest recording.
    Transcribe,
    /// A call of `analyze_image` for the newest picture.
    Look,
    /// A call of `analyze_pdf` for the newest PDF.
    ReadPdf,
    /// A call of `list_files`.
    ListFiles,
    /// A call of `preview_file` for the newest document.
    Preview,
    /// A call of `deliver_file` for the newest file.
    SendBack,
    /// A call of `self_critique` for the newest answer.
    Check,
    /// A formula that is drawn and sent.
    Formula,
    /// Python that is run, and its files that are sent.
    Python,
    /// A digest of the conversation as the model received it.
    Remember,
    /// A call of `generate_image`.
    Draw,
    /// A call of `list_files`, then one of `generate_image` with the newest picture.
    Redraw,
}

struct ScenarioRow {
    scenario: Scenario,
    name: &'static str,
    shows: &'static str,
    /// Returns the lower-case phrases in a message that choose the scenario.
    phrases: &'static [&'static str],
}

const fn row(
    scenario: Scenario,
    name: &'static str,
    shows: &'static str,
    phrases: &'static [&'static str],
) -> ScenarioRow {
    ScenarioRow { scenario, name, shows, phrases }
}

const ROWS: &[ScenarioRow] = &[
    row(Scenario::Echo, "echo", "the text comes back as \"You said: ...\"", &[]),
    // Before the others: the work that is checked may contain any of their phrases.
    row(
        Scenario::Verdict,
        "verdict",
        "a verdict, as a critic gives it",
        &["check the work against the request"],
    ),
    row(
        Scenario::Story,
        "story",
        "a short story",
        &["tell me a story", "расскажи историю", "расскажи сказку"],
    ),
    row(
        Scenario::Long,
        "long",
        "12,000 characters, code, Cyrillic, emoji",
        &["long answer", "длинный ответ"],
    ),
    row(Scenario::Slow, "slow", "one word each 300 ms", &["speak slowly", "говори медленно"]),
    row(
        Scenario::Code,
        "code",
        "code blocks in several languages",
        &["show me code", "write code", "покажи код"],
    ),
    row(Scenario::Markdown, "markdown", "every Markdown construct", &["show me markdown", "markdown tour"]),
    row(Scenario::Thinking, "think", "thinking, then an answer", &["think about", "подумай"]),
    row(Scenario::Refusal, "refuse", "a refusal with its details", &[]),
    row(Scenario::Cut, "cut", "the connection breaks after some text", &[]),
    row(Scenario::Stall, "stall", "silence after some text", &[]),
    row(Scenario::RateLimited, "429", "a rate limit with retry-after, then an echo", &[]),
    row(Scenario::SpendLimit, "429-spend", "a spend limit, no retry-after, every time", &[]),
    row(Scenario::Overloaded, "529", "overloaded twice, then an echo", &[]),
    row(Scenario::ServerError, "500", "an internal error, then an echo", &[]),
    row(Scenario::ErrorMidway, "error", "an error inside the stream after some text", &[]),
    row(Scenario::ErrorFirst, "error-first", "an error inside the stream before text, then an echo", &[]),
    row(Scenario::MaxTokens, "max-tokens", "the output limit in the middle of the text", &[]),
    row(Scenario::PauseTurn, "pause", "a paused turn that goes on when sent back", &[]),
    row(Scenario::ContextExceeded, "overflow", "the context window is full in the middle", &[]),
    row(Scenario::PromptTooLong, "too-long", "the prompt is refused as too long", &[]),
    row(
        Scenario::ToolUse,
        "tool",
        "a call of the first declared tool",
        &["use a tool", "используй инструмент"],
    ),
    row(
        Scenario::Search,
        "search",
        "a search of the web, with citations",
        &["search the web", "найди в интернете", "поищи в интернете"],
    ),
    row(Scenario::Fetch, "fetch", "a web page, with a citation", &["read the page", "прочитай страницу"]),
    row(Scenario::UnknownEvents, "unknown", "unknown events between known ones", &[]),
    row(Scenario::BrokenToolUse, "broken-tool", "a tool call that breaks off", &[]),
    row(Scenario::Empty, "empty", "a normal end without text", &[]),
    row(
        Scenario::Transcribe,
        "transcribe",
        "what is said in the newest audio or video file",
        &["transcribe it", "transcribe this", "transcribe the", "расшифруй"],
    ),
    row(
        Scenario::Look,
        "look",
        "what is in the newest picture, seen by another model",
        &["look at the picture", "look at the photo", "посмотри на картинку", "посмотри на фото"],
    ),
    row(
        Scenario::ReadPdf,
        "pdf",
        "what is on a page of the newest PDF, seen by another model",
        &["of the pdf", "read the pdf", "прочитай в pdf", "прочитай pdf"],
    ),
    row(
        Scenario::ListFiles,
        "files",
        "the files of the conversation",
        &["list the files", "what files", "какие файлы"],
    ),
    row(
        Scenario::Preview,
        "preview",
        "the text of the newest document",
        &["read the document", "прочитай документ"],
    ),
    row(
        Scenario::SendBack,
        "send",
        "the newest file, sent back",
        &["send me the file", "send the file", "пришли файл"],
    ),
    row(
        Scenario::Check,
        "check",
        "the newest answer, checked by another model",
        &["check your answer", "проверь свой ответ"],
    ),
    row(
        Scenario::Formula,
        "formula",
        "a formula drawn with render_latex and sent with deliver_file",
        &["draw a formula", "draw the formula", "нарисуй формулу"],
    ),
    row(
        Scenario::Python,
        "python",
        "Python that is run with execute_python, and its files sent",
        &["run python", "draw a chart", "нарисуй график", "запусти python"],
    ),
    row(
        Scenario::Remember,
        "remember",
        "a digest of all messages that the model received",
        &["what do you remember", "что ты помнишь"],
    ),
    row(Scenario::Draw, "draw", "a picture of the text that follows", &["draw me", "draw a ", "нарисуй"]),
    row(
        Scenario::Redraw,
        "redraw",
        "the newest picture of the conversation, changed",
        &["change the picture", "измени картинку"],
    ),
];

impl Scenario {
    /// Returns every scenario.
    pub const ALL: [Self; ROWS.len()] = {
        let mut all = [Self::Echo; ROWS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = ROWS[at].scenario;
            at += 1;
        }
        all
    };

    /// Returns the name that chooses the scenario, by a line beginning with `!name`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns a short description.
    pub fn shows(self) -> &'static str {
        self.row().shows
    }

    fn row(self) -> &'static ScenarioRow {
        // ROWS names every variant, which a test proves; the first row only satisfies the compiler.
        ROWS.iter().find(|row| row.scenario == self).unwrap_or(&ROWS[0])
    }
}

#[cfg(test)]
mod tests;
