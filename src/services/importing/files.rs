//! Files of questions. Which chat a file belongs to was not stored, only the number of its message, which other
//! chats may use as well: a file is taken only if exactly one chat has a message with that number.

use chrono::TimeDelta;

use super::import::{Import, ImportError, PAGE, past};
use super::report::Kind;
use crate::db::imports::{self, FileFate, NewFile};
use crate::db::predecessor::Row;
use crate::domain::file::FileKind;

/// How long copies at the provider are kept, in days, as for files of our own.
const COPIES_KEPT_DAYS: i64 = 90;

/// Takes all files that can belong to one message only.
pub(super) async fn take(import: &mut Import<'_>) -> Result<(), ImportError> {
    let mut behind = i64::MIN;
    loop {
        let page = import.theirs.files(behind, PAGE).await.map_err(ImportError::Theirs)?;
        let Some(last) = page.last() else { return Ok(()) };
        behind = last.number("id").unwrap_or(i64::MAX);
        let (mut files, mut names) = (Vec::new(), Vec::new());
        for row in &page {
            let id = row.number("id").unwrap_or_default();
            match read(import, row) {
                Err(why) => import.report.left_out(Kind::Files, why, id),
                Ok(file) => {
                    import.note_broken(Kind::Files, row, id);
                    files.push(file);
                    names.push(id);
                }
            }
        }
        let fates = imports::create_files(import.ours().await?, &files).await?;
        for (fate, id) in fates.into_iter().zip(names) {
            match fate {
                FileFate::Created => import.report.took(Kind::Files, 1),
                FileFate::Known => import.report.had(Kind::Files, 1),
                FileFate::NoMessage => import.report.left_out(Kind::Files, "its message was not taken", id),
                FileFate::Second => import.report.left_out(Kind::Files, "its message has another file", id),
            }
        }
        import.keep().await?;
    }
}

/// Reads a file, or says why it cannot be taken.
fn read(import: &Import<'_>, row: &Row) -> Result<NewFile, &'static str> {
    if row.text("source").as_deref() != Some("user") {
        return Err("made by the bot, so it was delivered");
    }
    let kind = match row.text("file_type").as_deref() {
        Some("image") => FileKind::Photo,
        Some("pdf" | "document") => FileKind::Document,
        Some("audio") => FileKind::Audio,
        Some("video") => FileKind::Video,
        Some("voice") => return Err("a voice message, whose words are the message"),
        _ => return Err("of a kind that does not exist here"),
    };
    let (Some(chat_id), Some(message_id)) = (row.number("chat"), row.number("message_id")) else {
        return Err("its message does not exist");
    };
    if row.number("chats") != Some(1) {
        return Err("messages of several chats have its number, so it may be somebody else's");
    }
    let message_id = i32::try_from(message_id).map_err(|_| "its message does not exist")?;
    let telegram_id = row.text("telegram_file_id").ok_or("Telegram's id of it is not known")?;
    let copied_at = past(row.time("uploaded_at"), import.now);
    let provider_id = row.text("claude_file_id").filter(|id| is_copy(id));
    Ok(NewFile {
        chat_id,
        message_id,
        kind: kind.name(),
        unique_id: row.text("telegram_file_unique_id").unwrap_or_else(|| telegram_id.clone()),
        telegram_id,
        name: row.text("filename").unwrap_or_else(|| "file".to_owned()),
        mime: row.text("mime_type").unwrap_or_else(|| "application/octet-stream".to_owned()),
        size: row.number("file_size").unwrap_or_default().max(0),
        provider_expires_at: provider_id.is_some().then(|| copied_at + TimeDelta::days(COPIES_KEPT_DAYS)),
        provider_id,
    })
}

/// Returns whether this is an id of a copy at the provider. Without a copy, another text stood in its place.
fn is_copy(id: &str) -> bool {
    let rest = id.strip_prefix("file_").unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
