//! Chats and conversations.

use super::import::{Import, ImportError, PAGE};
use super::report::Kind;
use crate::db::imports::{self, ConversationFate, ConversationKey, NewChat};
use crate::db::predecessor::Row;
use crate::domain::people::ChatKind;

/// The ids of supergroups and channels are below this.
const SUPERGROUPS: i64 = -1_000_000_000_000;

/// Takes all chats.
pub(super) async fn take_chats(import: &mut Import<'_>) -> Result<(), ImportError> {
    let mut behind = i64::MIN;
    loop {
        let page = import.theirs.chats(behind, PAGE).await.map_err(ImportError::Theirs)?;
        let Some(last) = page.last() else { return Ok(()) };
        behind = last.number("id").unwrap_or(i64::MAX);
        let mut chats = Vec::new();
        for row in &page {
            let id = row.number("id").unwrap_or_default();
            if id == 0 {
                import.report.left_out(Kind::Chats, "the id is not that of a chat", id);
                continue;
            }
            chats.push(read_chat(import, row, id));
        }
        let created = imports::create_chats(import.ours().await?, &chats).await?;
        import.report.took(Kind::Chats, created);
        import.report.had(Kind::Chats, (chats.len() as u64).saturating_sub(created));
        import.keep().await?;
    }
}

fn read_chat(import: &mut Import<'_>, row: &Row, id: i64) -> NewChat {
    import.note_broken(Kind::Chats, row, id);
    let kind = kind(id, row.text("type").as_deref());
    if row.text("type").as_deref() != Some(kind.name()) {
        import.report.changed(Kind::Chats, "the kind contradicts the id, which counts", id);
    }
    NewChat {
        id,
        kind: kind.name(),
        title: row.text("title"),
        username: row.text("username"),
        is_forum: row.flag("is_forum") && matches!(kind, ChatKind::Supergroup | ChatKind::Private),
    }
}

/// Returns the kind of a chat. A command in a topic turned every chat there into a private one; the id tells
/// the truth.
fn kind(id: i64, named: Option<&str>) -> ChatKind {
    match named {
        _ if id > 0 => ChatKind::Private,
        Some("channel") if id < SUPERGROUPS => ChatKind::Channel,
        _ if id < SUPERGROUPS => ChatKind::Supergroup,
        Some("supergroup") => ChatKind::Supergroup,
        _ => ChatKind::Group,
    }
}

/// Takes all conversations; duplicates become one.
pub(super) async fn take(import: &mut Import<'_>) -> Result<(), ImportError> {
    let mut behind = (i64::MIN, i64::MIN, i64::MIN);
    loop {
        let page = import.theirs.conversations(behind, PAGE).await.map_err(ImportError::Theirs)?;
        let Some(last) = page.last() else { return Ok(()) };
        let number = |column| last.number(column).unwrap_or(i64::MAX);
        behind = (number("chat_id"), number("user_id"), number("topic"));
        let (mut keys, mut names) = (Vec::new(), Vec::new());
        for row in &page {
            let rows = row.number("rows").unwrap_or_default().unsigned_abs();
            let first = row.number("first").unwrap_or_default();
            if row.flag("gone") {
                import.report.left_out_rows(Kind::Conversations, "the topic was deleted", rows);
                continue;
            }
            import.report.left_out_rows(
                Kind::Conversations,
                "a duplicate; its messages are in the other one",
                rows - 1,
            );
            match key(row, "chat_id", "user_id") {
                Some(key) => {
                    keys.push(key);
                    names.push(first);
                }
                None => import.report.left_out(Kind::Conversations, "the topic is no number of one", first),
            }
        }
        let fates = imports::create_conversations(import.ours().await?, &keys).await?;
        for (fate, first) in fates.into_iter().zip(names) {
            match fate {
                ConversationFate::Created => import.report.took(Kind::Conversations, 1),
                ConversationFate::Known => import.report.had(Kind::Conversations, 1),
                ConversationFate::Orphan => {
                    import.report.left_out(
                        Kind::Conversations,
                        "its person or its chat was not taken",
                        first,
                    );
                }
            }
        }
        import.keep().await?;
    }
}

/// Reads the key of a conversation; `None` if the topic cannot be one.
pub(super) fn key(row: &Row, chat: &str, user: &str) -> Option<ConversationKey> {
    let topic = match row.number("topic")? {
        0 => None,
        topic => Some(i32::try_from(topic).ok().filter(|&topic| topic > 0)?),
    };
    Some(ConversationKey { chat: row.number(chat)?, user: row.number(user)?, topic })
}

#[cfg(test)]
mod tests;
