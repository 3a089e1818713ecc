//! `deliver_file`: sends files to the person, from this conversation only. The turn decides whose files these
//! are, never the model's arguments.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::delivery::FilesToSend;
use super::tool::{Failure, Output, Tool, ToolContext};
use crate::db::made_files::SendableFile;
use crate::domain::file_id::PublicFileId;
use crate::domain::media::{FileFate, MediaFile, MediaKind};
use crate::domain::tool::ToolName;

/// The most files in one call.
const MOST: usize = 20;
/// The longest caption, in code points: the text of one message. What exceeds Telegram's limit for captions
/// is sent below the files.
const LONGEST_CAPTION: usize = 4_096;

/// The tool `deliver_file`.
pub(super) struct DeliverFile;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The id of the file to send, as list_files or the tool that made the file gave it.
    #[serde(default)]
    file_id: String,
    /// The ids of several files instead, up to 20, in the order in which they are to appear, as albums where
    /// possible.
    #[serde(default)]
    file_ids: Vec<String>,
    /// The text below the first file, as Markdown, up to 4,096 characters. Leave it out if the answer says
    /// it.
    #[serde(default)]
    caption: String,
    /// How to send it: auto chooses by type and size; document sends a picture unchanged.
    #[serde(default)]
    kind: Kind,
    /// True to send it now, between what was written before and what follows; otherwise it follows the whole
    /// answer.
    #[serde(default)]
    sequential: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Auto,
    Photo,
    Document,
    Audio,
    Voice,
    Video,
    Animation,
}

impl Kind {
    fn wanted(self) -> Option<MediaKind> {
        match self {
            Self::Auto => None,
            Self::Photo => Some(MediaKind::Photo),
            Self::Document => Some(MediaKind::Document),
            Self::Audio => Some(MediaKind::Audio),
            Self::Voice => Some(MediaKind::Voice),
            Self::Video => Some(MediaKind::Video),
            Self::Animation => Some(MediaKind::Animation),
        }
    }
}

impl Tool for DeliverFile {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::DeliverFile;
    const DESCRIPTION: &'static str = "Sends files to the person: files that tools have made in this conversation, and \
        files that the person has sent before. Use it whenever they should get a file: words alone send none, and only \
        generate_image sends by itself what it has made. Free. The ids come from list_files or from the tool that made \
        the file; never guess one. By default files follow the finished answer. With sequential they are sent at once: \
        what you have written so far becomes a message of its own, then come the files, then your answer goes on; use \
        that for text that belongs between files, one call for \
        each place. The result says what was really sent: never claim more than it says.";
    /// Includes the wait for Telegram in sequential mode.
    const TIME_LIMIT: Duration = Duration::from_secs(150);

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        Output::free(deliver(arguments, context).await)
    }
}

async fn deliver(arguments: Arguments, context: ToolContext<'_>) -> Result<Value, Failure> {
    let Arguments { file_id, file_ids, caption, kind, sequential } = arguments;
    let mut ids: Vec<String> =
        std::iter::once(file_id).chain(file_ids).filter(|id| !id.trim().is_empty()).collect();
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.trim().to_owned()));
    if ids.is_empty() || ids.len() > MOST {
        return Err(Failure::arguments(format!("Give file_id, or file_ids with 1 to {MOST} ids.")));
    }
    if caption.chars().count() > LONGEST_CAPTION {
        return Err(Failure::arguments(format!(
            "The caption may have {LONGEST_CAPTION} characters; write the rest as text of the answer."
        )));
    }
    let files = find(&ids, kind.wanted(), context).await?;
    let to_send = FilesToSend { files: files.clone(), caption };
    if !sequential {
        context.delivery.after_answer(to_send);
        return Ok(json!({
            "status": "will_be_sent_after_the_answer",
            "files": files.iter().map(described).collect::<Vec<_>>(),
        }));
    }
    let fates = context.delivery.now(to_send).await;
    Ok(told(&files, &fates))
}

/// Finds files of this conversation. One that is missing fails the whole call, so that the model never
/// believes that it has sent it.
async fn find(
    ids: &[String],
    wanted: Option<MediaKind>,
    context: ToolContext<'_>,
) -> Result<Vec<MediaFile>, Failure> {
    let known: Vec<Option<PublicFileId>> = ids.iter().map(|id| PublicFileId::parse(id)).collect();
    let public: Vec<PublicFileId> = known.iter().copied().flatten().collect();
    let found = context.made_files.sendable(context.key, &public).await.map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "the files to send cannot be read");
        Failure::unavailable(
            "The files cannot be read at the moment. Try once more, then go on without them.",
        )
    })?;
    let of = |id: &Option<PublicFileId>| found.iter().find(|file| Some(file.id) == *id);
    let missing: Vec<&str> =
        ids.iter().zip(&known).filter(|(_, id)| of(id).is_none()).map(|(text, _)| text.as_str()).collect();
    if !missing.is_empty() {
        let then = "Nothing was sent. list_files shows the files that can be sent.";
        return Err(Failure::not_found(missing, then));
    }
    Ok(known.iter().filter_map(of).map(|file| media(file, wanted)).collect())
}

fn media(file: &SendableFile, wanted: Option<MediaKind>) -> MediaFile {
    let size = u64::try_from(file.size).unwrap_or_default();
    // Telegram does not change the kind of a file that it has.
    let sent_as = file.kind.as_deref().and_then(|kind| kind.parse().ok());
    MediaFile {
        id: file.id,
        kind: sent_as.unwrap_or_else(|| MediaKind::of(wanted, &file.mime, size)),
        telegram_id: file.telegram_id.clone(),
        name: file.name.clone(),
        mime: file.mime.clone(),
        size,
    }
}

fn described(file: &MediaFile) -> Value {
    json!({ "file_id": file.id.to_string(), "name": file.name, "kind": file.kind.name() })
}

/// Returns what the model reads about files that were sent at once.
pub(super) fn told(files: &[MediaFile], fates: &[FileFate]) -> Value {
    let line = |(file, fate): (&MediaFile, &FileFate)| {
        let mut line = described(file);
        let (status, reason) = match fate {
            FileFate::Sent => ("sent", None),
            FileFate::Refused(reason) => ("refused_by_telegram", Some(reason)),
            FileFate::Pending => ("on_its_way", None),
        };
        line["status"] = json!(status);
        if let Some(reason) = reason {
            line["reason"] = json!(reason);
        }
        line
    };
    let all_sent = fates.iter().all(|fate| *fate == FileFate::Sent);
    json!({
        "status": if all_sent { "sent" } else { "not_all_sent" },
        "files": files.iter().zip(fates).map(line).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests;
