//! The form of files in prompts: stability and limits.

mod previews;
mod reasons;
mod shown;

use chrono::DateTime;

use super::*;
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::FileId;
use crate::domain::message::MessageContext;

fn file(name: &str, mime: &str, size: u64) -> KnownFile {
    KnownFile {
        id: FileId(1),
        public_id: PublicFileId::default(),
        kind: FileKind::Document,
        name: name.into(),
        mime: mime.into(),
        size: Some(size),
        provider_id: Some(format!("file_{name}")),
        at: DateTime::UNIX_EPOCH,
        replied: false,
        not_fetched: false,
        spoken: None,
        preview: None,
        fault: None,
        refusal: None,
    }
}

fn said(files: Vec<KnownFile>) -> HistoryMessage {
    HistoryMessage {
        role: Role::User,
        message: None,
        text: String::new(),
        sender: None,
        context: MessageContext::default(),
        edits: 0,
        interrupted: false,
        files,
        sent_files: Vec::new(),
        tool_rounds: Vec::new(),
    }
}

fn blocks(history: &[HistoryMessage]) -> Vec<Block> {
    let mut file_window = FileWindow::of(history, false);
    history.iter().flat_map(|message| file_window.blocks(message)).collect()
}

fn lines(blocks: &[Block]) -> Vec<&str> {
    blocks
        .iter()
        .filter_map(|block| if let Block::Text(text) = block { Some(text.as_str()) } else { None })
        .collect()
}
