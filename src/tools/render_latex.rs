//! `render_latex`: draws a formula as a picture, which the model sees and can send.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::tool::{Failure, Output, Tool, ToolContext};
use crate::domain::tool::ToolName;
use crate::llm::message::ToolImage;
use crate::services::made_files::{KeepError, MadeFile};
use crate::typeset::{self, FormulaPicture, TypesetError};

/// Formulas that are drawn at once, over all conversations. Each takes a thread for half a second at most,
/// and 10 MB. One that nobody waits for any more ends with the current step of its work.
static DRAWING: Semaphore = Semaphore::const_new(2);

/// The longest description of a picture that is kept with it, in characters of the source.
const DESCRIBED: usize = 200;

/// The tool `render_latex`.
pub(super) struct RenderLatex;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The formula in LaTeX, up to 5,000 characters, as inside display math: no dollar signs, words in
    /// \text{...} (also Russian ones), several lines in aligned, cases or gathered.
    latex: String,
    /// False draws it as inside a line of text: smaller sums and fractions.
    #[serde(default = "yes")]
    display: bool,
}

fn yes() -> bool {
    true
}

impl Tool for RenderLatex {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::RenderLatex;
    const DESCRIPTION: &'static str = "Draws one formula in LaTeX as a PNG, black on white: fractions, matrices, systems, \
        integrals, derivations in several lines, chemistry with \\ce{...}. Use it for formulas with structure, which \
        Telegram cannot show as text. It knows the commands of KaTeX, including \\newcommand; no documents, packages, \
        TikZ or tables of text, and no plots (execute_python draws them, if you have it). You see the picture with the \
        result: check it. The person gets it only when you pass its file_id to deliver_file. Formulas wider than about \
        60 letters do not fit: break them into lines. Free and fast, so a mistake can be corrected with another call.";
    const TIME_LIMIT: Duration = Duration::from_secs(20);

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        match draw(arguments, context).await {
            Ok((result, picture)) => Output::free(Ok(result)).with_images(vec![picture]),
            Err(failure) => Output::free(Err(failure)),
        }
    }
}

/// Draws the formula and keeps it. Returns the result and the picture for the model.
async fn draw(arguments: Arguments, context: ToolContext<'_>) -> Result<(Value, ToolImage), Failure> {
    let description: String = arguments.latex.chars().take(DESCRIBED).collect();
    let FormulaPicture { png, width, height, small } =
        render(arguments).await.map_err(|error| told(&error))?;
    let file = MadeFile {
        turn: context.turn,
        name: "formula.png",
        mime: "image/png",
        description: &description,
        content: &png,
    };
    let id = context.made_files.keep(&file).await.map_err(|error| not_kept(&error))?;
    let mut result = json!({
        "file_id": id.to_string(),
        "name": file.name,
        "mime": file.mime,
        "width": width,
        "height": height,
        "size_bytes": png.len(),
        "status": "The person has not got it: send it with deliver_file.",
    });
    if small {
        result["advice"] =
            "Its letters are small on a phone. Break the formula into more lines if you can.".into();
    }
    Ok((result, ToolImage { mime: "image/png", bytes: png.into() }))
}

/// Draws on a thread for blocking work. Dropping the future lets that thread end soon, but not at once, so the thread
/// holds the permit.
async fn render(arguments: Arguments) -> Result<FormulaPicture, TypesetError> {
    // The semaphore is never closed, so this always returns a permit.
    let permit = DRAWING.acquire().await.ok();
    let stopped = CancellationToken::new();
    let _guard = stopped.clone().drop_guard();
    let work = move || {
        let _permit = permit;
        typeset::render(&arguments.latex, arguments.display, &|| stopped.is_cancelled())
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "drawing a formula failed");
        Err(TypesetError::Internal)
    })
}

fn not_kept(error: &KeepError) -> Failure {
    match error {
        KeepError::NoRoom => Failure::unavailable(
            "There is no room for more files until those that were made are delivered or an hour has passed. Write \
             the formula as text.",
        ),
        KeepError::Empty | KeepError::TooLarge | KeepError::Database(_) => {
            tracing::warn!(error = error as &dyn std::error::Error, "a drawn formula cannot be stored");
            Failure::unavailable("The picture cannot be stored at the moment. Write the formula as text.")
        }
    }
}

/// Returns the advice for the model: what is wrong and what to do instead.
fn told(error: &TypesetError) -> Failure {
    let failure = |error, message: String| Failure { error, message };
    match error {
        TypesetError::Empty => Failure::arguments("latex is empty. Give a formula."),
        TypesetError::TooLong(most) => {
            failure("too_long", format!("The source has more than {most} characters. Draw it in several parts."))
        }
        TypesetError::NeedsTex(what) => failure(
            "unsupported",
            format!(
                "{what} needs a TeX system; only formulas are drawn here. Draw diagrams, plots and tables with \
                 execute_python (matplotlib) if you have it, and write text, lists and tables in your answer."
            ),
        ),
        TypesetError::Syntax { message, near } => {
            let near = near.as_deref().map(|near| format!(" near `{near}`")).unwrap_or_default();
            let rules = "The whole source is one formula: no dollar signs, words in \\text{...}, commands of KaTeX only \
                         (no packages; units as \\text{...}).";
            failure("invalid_latex", format!("{message}{near}. {rules} Correct it and call again."))
        }
        TypesetError::NoGlyph(character) => failure(
            "missing_character",
            format!(
                "No font here has the character {character:?}. Latin, Greek and Cyrillic letters and the symbols of LaTeX \
                 are there. Write other text in your answer, or draw it with execute_python if you have it."
            ),
        ),
        TypesetError::TooComplex => failure(
            "too_complex",
            "The formula has too many parts, is nested deeper than 32 levels, or its macros do not end. Draw it in \
             several parts."
                .to_owned(),
        ),
        TypesetError::TooLarge { width, height, most } => failure(
            "too_large",
            format!(
                "The formula is {width} em wide and {height} em high; a readable picture has at most {most} em each way. \
                 Break it into lines with aligned, or draw it in several parts."
            ),
        ),
        TypesetError::Blank => failure("blank", "Nothing of the formula would be visible.".to_owned()),
        TypesetError::Unwanted | TypesetError::Internal => failure(
            "internal",
            "The formula could not be drawn because of a fault here. Simplify it, draw it with execute_python if you \
             have it, or write it as text."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;
