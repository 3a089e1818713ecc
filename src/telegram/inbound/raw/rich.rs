//! Rich messages (Bot API 10.1): blocks instead of a text. Their content becomes Markdown, which the model
//! also writes. A block of an unknown kind contributes the fields that all kinds share.

use super::fields::{self, Fields};
use super::file::{self, File};
use super::kind::{self, Class};
use super::words::{Mention, Words};
use super::{body, clean};
use crate::domain::ids::UserId;

/// The depth to which blocks and texts are read; Telegram allows 16 levels of blocks.
const DEPTH: usize = 64;

/// The content of a rich message.
#[derive(Debug, Default)]
pub(crate) struct Rich {
    /// The text, as Markdown.
    pub words: Words,
    /// The first file in it.
    pub file: Option<File>,
}

/// Reads the blocks of a rich message. Returns `None` if it has none.
pub(crate) fn read(message: &Fields<'_>) -> Option<Rich> {
    let mut rich = Rich::default();
    let text = rich.blocks(&message.object("rich_message")?, DEPTH);
    rich.words.text = clean::text(text);
    (!rich.words.text.is_empty() || rich.file.is_some()).then_some(rich)
}

impl Rich {
    fn blocks(&mut self, parent: &Fields<'_>, depth: usize) -> String {
        let blocks: Vec<String> = parent.objects("blocks").map(|block| self.block(&block, depth)).collect();
        let contents: Vec<String> = blocks.into_iter().filter(|block| !block.is_empty()).collect();
        contents.join("\n\n")
    }

    fn block(&mut self, block: &Fields<'_>, depth: usize) -> String {
        let Some(depth) = depth.checked_sub(1) else { return String::new() };
        let kind = block.text("type").unwrap_or_default();
        match kind.as_str() {
            "heading" => {
                let level = block.small("size").unwrap_or(1_usize).clamp(1, 6);
                format!("{} {}", "#".repeat(level), self.inline_of(block, "text", depth))
            }
            "pre" => {
                let language = block.line("language").unwrap_or_default();
                format!("```{language}\n{}\n```", self.inline_of(block, "text", depth))
            }
            "mathematical_expression" => {
                format!("$${}$$", block.exact_text("expression").unwrap_or_default())
            }
            "divider" => "---".to_owned(),
            "list" => self.items(block, depth),
            "table" => self.table(block, depth),
            "blockquote" | "expandable_blockquote" | "pullquote" => quote(&self.plain(block, depth)),
            _ => self.plain(block, depth),
        }
    }

    /// Reads the fields that any kind of block may have: text, inner blocks, file and caption.
    fn plain(&mut self, block: &Fields<'_>, depth: usize) -> String {
        let mut parts: Vec<String> =
            ["summary", "text"].iter().map(|name| self.inline_of(block, name, depth)).collect();
        parts.push(self.blocks(block, depth));
        parts.extend(self.attached(block));
        if let Some(caption) = block.object("caption") {
            parts.push(self.inline_of(&caption, "text", depth));
            parts.push(self.inline_of(&caption, "credit", depth));
        }
        parts.push(self.inline_of(block, "credit", depth));
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }

    /// Describes the file of a block in words. The first file of the message is kept.
    fn attached(&mut self, block: &Fields<'_>) -> Option<String> {
        let found = match kind::of(block) {
            kind if matches!(kind.class, Class::File(_)) => file::read(block, kind),
            _ => file::voice_note(block),
        }?;
        let words = format!("[{}]", body::file_in_words(&found));
        self.file.get_or_insert(found);
        Some(words)
    }

    fn items(&mut self, list: &Fields<'_>, depth: usize) -> String {
        let items = list.objects("items").map(|item| {
            let label = item.line("label").unwrap_or_else(|| "-".to_owned());
            let done = match (item.flag("has_checkbox"), item.flag("is_checked")) {
                (false, _) => "",
                (true, false) => "[ ] ",
                (true, true) => "[x] ",
            };
            format!("{label} {done}{}", self.blocks(&item, depth).replace('\n', "\n  "))
        });
        items.collect::<Vec<_>>().join("\n")
    }

    fn table(&mut self, table: &Fields<'_>, depth: usize) -> String {
        let mut lines = vec![self.inline_of(table, "caption", depth)];
        for row in table.list("cells") {
            let cells = fields::elements(row).unwrap_or_default().into_iter().filter_map(Fields::of);
            let texts: Vec<String> = cells.map(|cell| self.inline_of(&cell, "text", depth)).collect();
            lines.push(format!("| {} |", texts.join(" | ")));
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }

    fn inline_of(&mut self, parent: &Fields<'_>, name: &str, depth: usize) -> String {
        parent.json(name).map(|json| self.inline(json, depth)).unwrap_or_default()
    }

    /// Reads a text: a string, a list of texts, or an object around one.
    fn inline(&mut self, json: &str, depth: usize) -> String {
        let Some(depth) = depth.checked_sub(1) else { return String::new() };
        if let Some(text) = fields::text(json) {
            return text;
        }
        if let Some(parts) = fields::elements(json) {
            return parts.into_iter().map(|part| self.inline(part, depth)).collect();
        }
        let Some(object) = Fields::of(json) else { return String::new() };
        let text = self.inline_of(&object, "text", depth);
        match object.text("type").unwrap_or_default().as_str() {
            "mathematical_expression" => format!("${}$", object.exact_text("expression").unwrap_or_default()),
            "custom_emoji" => object.exact_text("alternative_text").unwrap_or_default(),
            "code" => format!("`{text}`"),
            "url" => match object.text("url") {
                Some(url) if url != text => format!("[{text}]({url})"),
                _ => text,
            },
            "mention" => self.mentioned(text, None),
            "text_mention" => {
                let user = object.object("user").and_then(|user| user.number("id"));
                self.mentioned(text, user.map(UserId))
            }
            _ => text,
        }
    }

    fn mentioned(&mut self, text: String, user: Option<UserId>) -> String {
        self.words.mentions.push(Mention { text: clean::text(text.clone()), user });
        text
    }
}

fn quote(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
