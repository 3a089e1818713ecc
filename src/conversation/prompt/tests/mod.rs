//! The prompt of a conversation: order, marks, files, tool calls.

mod marks;
mod order;
mod system;
mod tool_calls;

use super::*;
use crate::domain::message::MessageContext;

fn said(role: Role, text: &str) -> HistoryMessage {
    let sender = (role == Role::User).then(|| "@ann".to_owned());
    HistoryMessage {
        role,
        message: None,
        text: text.into(),
        sender,
        context: MessageContext::default(),
        edits: 0,
        interrupted: false,
        files: vec![],
        sent_files: Vec::new(),
        tool_rounds: Vec::new(),
    }
}

fn shape(messages: &[LlmMessage]) -> Vec<(Role, Vec<&str>)> {
    let texts = |message: &'_ LlmMessage| -> Vec<String> {
        let text = |block: &Block| match block {
            Block::Text(text) => text.clone(),
            Block::File(file) => format!("<{}>", file.id),
            Block::ToolCall { call, tool, input } => format!("{call}: {tool} {input}"),
            Block::ToolResult { call, content, .. } => format!("{call} -> {content}"),
            other @ (Block::Inline(_) | Block::Own(_)) => panic!("{other:?}"),
        };
        message.blocks.iter().map(text).collect()
    };
    messages
        .iter()
        .map(|message| (message.role, texts(message).into_iter().map(|text| &*text.leak()).collect()))
        .collect()
}
