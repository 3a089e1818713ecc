//! The MarkdownV2 parse mode. Reserved characters outside entities must be escaped; an entity that is
//! not closed is refused.

use super::entity::Entity;

/// Reserved characters, which must be escaped where they are no markup.
const RESERVED: &str = "_*[]()~`>#+-=|{}.!";

/// An entity that was opened and not yet closed.
struct Open {
    mark: &'static str,
    entity: Entity,
    /// Byte offset in the source, for the refusal.
    at: usize,
}

struct Parser<'a> {
    source: &'a str,
    /// Byte offset of the next character to read.
    at: usize,
    text: String,
    units: usize,
    open: Vec<Open>,
    entities: Vec<Entity>,
    /// Where the current quote began.
    quote: Option<usize>,
}

/// Parses MarkdownV2 into text and entities. The error is the service's sentence.
pub(super) fn parse(source: &str) -> Result<(String, Vec<Entity>), String> {
    let mut parser = Parser {
        source,
        at: 0,
        text: String::new(),
        units: 0,
        open: Vec::new(),
        entities: Vec::new(),
        quote: None,
    };
    while parser.at < source.len() {
        parser.step()?;
    }
    parser.end_quote("blockquote");
    if let Some(open) = parser.open.last() {
        let name = name_of(&open.entity.kind);
        return Err(format!("Can't find end of {name} entity at byte offset {}", open.at));
    }
    Ok((parser.text, parser.entities))
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }

    fn take(&mut self, c: char) {
        self.push(c);
        self.at += c.len_utf8();
    }

    fn step(&mut self) -> Result<(), String> {
        let line_start = self.at == 0 || self.source[..self.at].ends_with('\n');
        if line_start && self.quote_line() {
            return Ok(());
        }
        let mut following = self.rest().chars();
        let (Some(c), next) = (following.next(), following.next()) else { return Ok(()) };
        match c {
            '\\' => {
                self.at += 1;
                match next.filter(|next| escapable(*next)) {
                    Some(next) => self.take(next),
                    None => self.push('\\'),
                }
            }
            '`' => self.code()?,
            '_' if next == Some('_') => self.toggle("__", "underline"),
            '_' => self.toggle("_", "italic"),
            '*' => self.toggle("*", "bold"),
            '~' => self.toggle("~", "strikethrough"),
            '|' if next == Some('|') => self.bars(),
            '[' => self.begin("[", "text_link"),
            '!' if next == Some('[') => self.begin("![", "custom_emoji"),
            ']' => self.link()?,
            c if RESERVED.contains(c) => {
                return Err(format!(
                    "Character '{c}' is reserved and must be escaped with the preceding '\\'"
                ));
            }
            c => self.take(c),
        }
        Ok(())
    }

    fn begin(&mut self, mark: &'static str, kind: &str) {
        let entity = Entity::new(kind, self.units, self.units);
        self.open.push(Open { mark, entity, at: self.at });
        self.at += mark.len();
    }

    /// Opens or closes an entity whose opening and closing marks are equal. Only the innermost can be closed.
    fn toggle(&mut self, mark: &'static str, kind: &str) {
        if self.open.last().is_some_and(|last| last.mark == mark) {
            self.close();
            self.at += mark.len();
        } else {
            self.begin(mark, kind);
        }
    }

    fn close(&mut self) {
        if let Some(Open { mut entity, .. }) = self.open.pop() {
            entity.length = self.units - entity.offset;
            if entity.length > 0 {
                self.entities.push(entity);
            }
        }
    }

    /// Handles `||`: a spoiler, or the end of an expandable quote at the end of its last line.
    fn bars(&mut self) {
        let last_of_line = matches!(self.rest()[2..].chars().next(), None | Some('\n'));
        let spoiler_open = self.open.iter().any(|open| open.mark == "||");
        if self.quote.is_some() && last_of_line && !spoiler_open {
            self.at += 2;
            self.end_quote("expandable_blockquote");
        } else {
            self.toggle("||", "spoiler");
        }
    }

    /// Handles quotes at the start of a line. Returns `true` if something was consumed.
    fn quote_line(&mut self) -> bool {
        let separated = self.quote.is_none() && self.rest().starts_with("**>");
        if separated || self.rest().starts_with('>') {
            self.at += if separated { 3 } else { 1 };
            // Several signs in a row are one: quotes do not nest.
            self.at += self.rest().bytes().take_while(|byte| *byte == b'>').count();
            if self.quote.is_none() {
                self.quote = Some(self.units);
            }
            return true;
        }
        self.end_quote("blockquote");
        false
    }

    fn end_quote(&mut self, kind: &str) {
        if let Some(start) = self.quote.take()
            && self.units > start
        {
            self.entities.push(Entity::new(kind, start, self.units));
        }
    }

    /// Parses inline code or a code block. Inside, only back quotes and backslashes have a meaning.
    fn code(&mut self) -> Result<(), String> {
        let (start, mark) = (self.at, if self.rest().starts_with("```") { "```" } else { "`" });
        let kind = if mark == "`" { "code" } else { "pre" };
        self.at += mark.len();
        let mut entity = Entity::new(kind, self.units, self.units);
        if kind == "pre" {
            let first = self.rest().split('\n').next().unwrap_or_default().to_owned();
            let language =
                !first.is_empty() && !first.contains(['`', ' ']) && self.rest().len() > first.len();
            if language {
                entity = entity.with("language", first.as_str());
                self.at += first.len() + 1;
            } else if self.rest().starts_with('\n') {
                self.at += 1;
            }
        }
        while !self.rest().starts_with(mark) {
            let mut following = self.rest().chars();
            match (following.next(), following.next()) {
                (Some('\\'), Some(escaped)) if escapable(escaped) => {
                    self.at += 1;
                    self.take(escaped);
                }
                (Some(c), _) => self.take(c),
                (None, _) => {
                    let name = name_of(kind);
                    return Err(format!("Can't find end of {name} entity at byte offset {start}"));
                }
            }
        }
        self.at += mark.len();
        entity.length = self.units - entity.offset;
        if entity.length > 0 {
            self.entities.push(entity);
        }
        Ok(())
    }

    /// Parses `](address)` after a link text or a custom emoji.
    fn link(&mut self) -> Result<(), String> {
        let Some(mark) = self.open.last().map(|open| open.mark).filter(|mark| matches!(*mark, "[" | "!["))
        else {
            return Err("Character ']' is reserved and must be escaped with the preceding '\\'".to_owned());
        };
        self.at += 1;
        let mut address = String::new();
        if self.rest().starts_with('(') {
            self.at += 1;
            loop {
                let mut following = self.rest().chars();
                match (following.next(), following.next()) {
                    (Some(')'), _) => break,
                    (Some('\\'), Some(escaped)) if escapable(escaped) => {
                        address.push(escaped);
                        self.at += 2;
                    }
                    (Some(c), _) => {
                        address.push(c);
                        self.at += c.len_utf8();
                    }
                    (None, _) => return Err(format!("Can't find end of a URL at byte offset {}", self.at)),
                }
            }
            self.at += 1;
        }
        if let Some(open) = self.open.last_mut() {
            match (mark, address.strip_prefix("tg://emoji?id="), address.starts_with("tg://time?")) {
                ("![", Some(id), _) => {
                    open.entity.extra.insert("custom_emoji_id".to_owned(), id.into());
                }
                ("![", None, true) => "date_time".clone_into(&mut open.entity.kind),
                ("![", None, false) => {
                    return Err("Custom emoji entity must contain a tg://emoji URL".to_owned());
                }
                _ => {
                    open.entity.extra.insert("url".to_owned(), address.as_str().into());
                }
            }
        }
        if address.is_empty() {
            self.open.pop();
        } else {
            self.close();
        }
        Ok(())
    }
}

/// Returns whether a backslash before this character is an escape.
fn escapable(c: char) -> bool {
    ('\u{1}'..='~').contains(&c)
}

/// Returns the name of an entity in refusals.
fn name_of(kind: &str) -> &'static str {
    match kind {
        "bold" => "Bold",
        "italic" => "Italic",
        "underline" => "Underline",
        "strikethrough" => "Strikethrough",
        "spoiler" => "Spoiler",
        "code" => "Code",
        "pre" => "Pre",
        "text_link" => "TextUrl",
        _ => "CustomEmoji",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_entities() {
        let (text, entities) = parse("*bold* _it_ `c` [x](https://a.b/\\)) 😀*b*").unwrap();
        assert_eq!(text, "bold it c x 😀b");
        let expected = [
            Entity::new("bold", 0, 4),
            Entity::new("italic", 5, 7),
            Entity::new("code", 8, 9),
            Entity::new("text_link", 10, 11).with("url", "https://a.b/)"),
            Entity::new("bold", 14, 15),
        ];
        assert_eq!(entities, expected);
    }

    #[test]
    fn quotes_and_blocks_are_read() {
        let (text, entities) = parse("**>expand\n>more||\n```rust\nlet a = 1;\n```").unwrap();
        assert_eq!(text, "expand\nmore\nlet a = 1;\n");
        let expected = [
            Entity::new("expandable_blockquote", 0, 11),
            Entity::new("pre", 12, 23).with("language", "rust"),
        ];
        assert_eq!(entities, expected);
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        for (source, sentence) in [
            ("Hello. world!", "Character '.' is reserved and must be escaped with the preceding '\\'"),
            ("*bold", "Can't find end of Bold entity at byte offset 0"),
            ("a `code", "Can't find end of Code entity at byte offset 2"),
            ("*a _b* c_", "Can't find end of Italic entity at byte offset 8"),
        ] {
            assert_eq!(parse(source), Err(sentence.to_owned()), "{source}");
        }
    }
}
