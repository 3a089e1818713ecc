//! Questions to a model about a file of the conversation: what `analyze_image` and `analyze_pdf` have in
//! common. The question is a sub-agent's task without tools; its calls are charged with the turn.

use serde_json::{Value, json};

use super::funds::{self, Unfunded};
use super::subagent::{SubagentReport, SubagentTask, Unfinished};
use super::tool::{Failure, Output, ToolContext};
use crate::documents::{LARGEST_CUT_PDF, MOST_PDF_PAGES, PdfError};
use crate::domain::file::PictureFault;
use crate::domain::model::Effort;
use crate::domain::money::Usd;
use crate::llm::message::InlineFile;
use crate::services::file_contents::ContentError;
use crate::services::file_views::{ViewError, ViewKind};
use crate::services::metering::PaidWork;
use crate::services::pricing;

/// The longest question, in bytes of UTF-8.
const MOST_QUESTION: usize = 10_000;
/// The most tokens of an answer, thinking included, for which money is reserved.
const ANSWER_TOKENS: u64 = 8_000;
/// The size of the system prompt and the frame of a request, in bytes, for which money is reserved.
const FRAME_BYTES: u64 = 2_000;

const SYSTEM: &str = include_str!("vision_prompt.md");

/// Returns the question, or why it is none.
pub(super) fn question(question: String) -> Result<String, Failure> {
    if question.trim().is_empty() {
        return Err(Failure::arguments("The question must not be empty."));
    }
    if question.len() > MOST_QUESTION {
        let message = format!("The question may have at most {MOST_QUESTION} bytes, not {}.", question.len());
        return Err(Failure::arguments(message));
    }
    Ok(question)
}

/// Asks the default model a question about a file, within the money that is reserved for it. `result` is what
/// the calling model learns besides the answer.
pub(super) async fn ask(
    context: ToolContext<'_>,
    file: InlineFile,
    question: String,
    result: Value,
) -> Output {
    let model = context.registry.default_model().clone();
    let bytes = file.weight() + question.len() as u64 + FRAME_BYTES;
    let cap = pricing::reserve(&model, bytes, ANSWER_TOKENS, context.today());
    let _reservation = match context.reserve(PaidWork { least: cap, most: cap }).await {
        Ok(reservation) => reservation,
        Err(Unfunded::Balance(left)) => return Output::free(Err(no_money(left, cap))),
        Err(Unfunded::Limit(left)) => return Output::free(Err(funds::over_limit(left, cap))),
        Err(Unfunded::Unknown) => return Output::free(Err(funds::no_books())),
    };
    let task = SubagentTask {
        model,
        effort: Some(Effort::Low),
        system: SYSTEM.trim_ascii(),
        files: vec![file],
        prompt: question,
        tools: false,
        last_words: "",
        cap,
    };
    let SubagentReport { answer, cost, cache_read, .. } = context.subagents.run(task).await;
    let result = answer.map_err(unfinished).map(|answer| answered(result, &answer, cost, cache_read));
    Output::costing(result, cost)
}

fn answered(mut result: Value, answer: &str, cost: Usd, cache_read: u64) -> Value {
    result["answer"] = json!(answer);
    result["cost_usd"] = json!(cost);
    result["tokens_read_from_cache"] = json!(cache_read);
    result
}

fn no_money(left: Usd, least: Usd) -> Failure {
    let message = format!(
        "The balance of the person does not allow this question: ${} is left, ${} is required. Ask about fewer pages \
         if it is a long PDF; otherwise tell them that /pay tops it up, and answer without this tool as well as you can.",
        left.0, least.0
    );
    Failure { error: "insufficient_balance", message }
}

fn unfinished(reason: Unfinished) -> Failure {
    let message = match reason {
        Unfinished::Cap => {
            "The question reached its limit of cost before it had an answer. Ask something more specific, or about fewer \
             pages."
        }
        Unfinished::Refused => "The model declined to answer this about the file.",
        Unfinished::Empty | Unfinished::Rounds => "The model gave no answer. Ask in other words.",
        Unfinished::Cut => "The question was cut.",
        Unfinished::Failed("rejected" | "too_long") => {
            "The model cannot read this file. Ask the person to send it in another form."
        }
        Unfinished::Failed(_) => "The model could not be asked at the moment. Go on without this tool.",
    };
    Failure { error: reason.name(), message: message.to_owned() }
}

/// Returns the failure for an id that names no file of the conversation.
pub(super) fn not_found(id: &str) -> Failure {
    Failure::not_found([id], "list_files shows the files that can be looked at.")
}

/// Returns what the model reads if a file cannot be shown.
pub(super) fn told(id: &str, error: &ViewError) -> Failure {
    let failure = |error, message: &str| Failure { error, message: message.to_owned() };
    match error {
        ViewError::Content(ContentError::Gone) => not_found(id),
        ViewError::WrongKind(ViewKind::Picture) => {
            failure("wrong_kind", "The file is a picture. Use analyze_image.")
        }
        ViewError::WrongKind(ViewKind::Pdf) => failure("wrong_kind", "The file is a PDF. Use analyze_pdf."),
        ViewError::WrongKind(ViewKind::Not) => failure(
            "wrong_kind",
            "The file is neither a picture nor a PDF. preview_file reads documents and texts.",
        ),
        ViewError::Picture(fault) => of_picture(*fault),
        ViewError::Pdf(error) => of_pdf(*error),
        ViewError::Content(ContentError::TooLarge { limit }) => {
            let message = format!("Files of more than {} MB cannot be fetched.", limit / 1_000_000);
            Failure { error: "too_large", message }
        }
        ViewError::Content(ContentError::DailyLimit(limit)) => Failure::daily_limit(*limit),
        ViewError::Content(ContentError::Telegram(_) | ContentError::Database(_)) => {
            tracing::warn!(error = error as &dyn std::error::Error, "a file to look at cannot be fetched");
            Failure::unavailable(
                "The file cannot be fetched at the moment. Try once more, then go on without it.",
            )
        }
    }
}

fn of_picture(fault: PictureFault) -> Failure {
    let (error, message) = match fault {
        PictureFault::TooManyPixels => {
            ("too_large", "The picture has too many pixels. Ask the person for a smaller one.")
        }
        PictureFault::Broken => {
            ("broken", "The picture is damaged or incomplete. Ask the person to send it again.")
        }
        PictureFault::Unsupported => (
            "unsupported",
            "Pictures of this format cannot be opened here. Ask the person for it as JPEG or PNG.",
        ),
        PictureFault::Foreign => ("wrong_kind", "By its content the file is no picture."),
    };
    Failure { error, message: message.to_owned() }
}

fn of_pdf(error: PdfError) -> Failure {
    let (error, message) = match error {
        PdfError::Foreign => ("wrong_kind", "By its content the file is no PDF.".to_owned()),
        PdfError::Encrypted => {
            let message = "The PDF needs a password. Ask the person to send it without one.";
            ("encrypted", message.to_owned())
        }
        PdfError::Broken => {
            let message = "The PDF is damaged or incomplete. Ask the person to send it again.";
            ("broken", message.to_owned())
        }
        PdfError::TooLarge => {
            let message = "The PDF unpacks to more than can be read. Ask the person for a part of it.";
            ("too_large", message.to_owned())
        }
        PdfError::LargePages(bytes) => {
            let (size, most) = (bytes / 1_000_000, LARGEST_CUT_PDF / 1_000_000);
            (
                "too_large",
                format!("These pages have {size} MB, at most {most} MB can be sent. Ask about fewer pages."),
            )
        }
        PdfError::TooManyPages { selected, of } => {
            let message = format!(
                "The PDF has {of} pages, and {selected} of them are selected. At most {MOST_PDF_PAGES} can be looked at in \
                 one call: name those that matter in `pages`, or ask about parts of it one after the other."
            );
            ("too_many_pages", message)
        }
        PdfError::NoSuchPage { of } => {
            return Failure::arguments(format!(
                "The PDF has {of} pages, counted from 1. `pages` goes beyond."
            ));
        }
    };
    Failure { error, message }
}

#[cfg(test)]
mod tests;
