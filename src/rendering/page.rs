//! The rendered text of an answer: joins pieces as they arrive, keeps track of the open code block and the
//! numbers of the open list, and releases finished parts from the front.

use super::entities::{Entity, EntityKind, RichText, utf16_len};
use super::markdown::{Numbering, render_block};
use super::references::{Definitions, is_referred_to};
use super::segments::{BlockKind, Gap, Piece};
use super::split::{Cursor, Limits};

#[derive(Debug, Clone)]
struct OpenCode {
    language: Option<String>,
    gap: Gap,
    /// UTF-16 offset of the first character; `None` until a line with text arrives.
    start: Option<usize>,
    /// Blank lines before the first line with text.
    held: String,
}

/// A text that is still growing.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    rich: RichText,
    /// UTF-16 length of the text.
    units: usize,
    code: Option<OpenCode>,
    numbering: Option<Numbering>,
    definitions: Definitions,
    /// The minimum gap before the next piece. Definitions in between are not shown, but their gap counts.
    gap: Gap,
}

impl Page {
    /// Appends a piece below the existing text.
    pub(super) fn add(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Markdown { source, kind, gap, continues } => {
                if !continues {
                    self.numbering = None;
                }
                let block = render_block(source, kind, &mut self.numbering);
                if !block.text.is_empty() {
                    self.leave(gap);
                    let units = utf16_len(&block.text);
                    self.rich.append(block, self.units);
                    self.units += units;
                }
            }
            Piece::Definition { definition, line, gap } => {
                // A definition that nothing refers to is shown: it may belong to a list of sources.
                if !self.definitions.is_full() && is_referred_to(&definition, &self.rich) {
                    self.gap = self.gap.max(gap);
                } else {
                    self.add(Piece::Markdown { source: line, kind: BlockKind::Plain, gap, continues: false });
                }
                self.definitions.add(definition);
            }
            Piece::CodeStart { language, gap } => {
                self.code = Some(OpenCode { language, gap, start: None, held: String::new() });
            }
            Piece::CodeLine(line) => self.add_code(line),
            Piece::CodeEnd => {
                self.rich.entities.extend(self.open_entity());
                self.code = None;
            }
        }
    }

    /// Returns the text so far, and ends an open code block.
    pub(super) fn into_rich(mut self) -> RichText {
        self.rich.entities.extend(self.open_entity());
        self.rich
    }

    /// Returns the definitions known so far.
    pub(super) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Removes and returns the parts at the front that can no longer change.
    pub(super) fn settle(&mut self, limits: Limits) -> Vec<RichText> {
        if self.rich.text.len() <= limits.code_points && self.rich.entities.len() < limits.entities {
            return Vec::new();
        }
        let open = self.open_entity();
        self.rich.entities.extend(open.clone());
        let mut cursor = Cursor::new(&self.rich, limits);
        let parts: Vec<RichText> = std::iter::from_fn(|| cursor.next_part()).collect();
        let (bytes, units) = cursor.position();
        if open.is_some() {
            self.rich.entities.pop();
        }
        if bytes > 0 {
            self.drop_front(bytes, units);
        }
        parts
    }

    fn drop_front(&mut self, bytes: usize, units: usize) {
        self.rich.text.drain(..bytes);
        self.rich.entities.retain(|entity| entity.end() > units);
        for entity in &mut self.rich.entities {
            let end = entity.end() - units;
            entity.offset = entity.offset.saturating_sub(units);
            entity.length = end - entity.offset;
        }
        if let Some(start) = self.code.as_mut().and_then(|code| code.start.as_mut()) {
            *start = start.saturating_sub(units);
        }
        self.units -= units;
    }

    fn push(&mut self, text: &str) {
        self.rich.text.push_str(text);
        self.units += utf16_len(text);
    }

    fn leave(&mut self, gap: Gap) {
        let gap = gap.max(std::mem::take(&mut self.gap));
        if !self.rich.text.is_empty() {
            self.push(if gap == Gap::Blank { "\n\n" } else { "\n" });
        }
    }

    fn add_code(&mut self, line: &str) {
        let Some(mut code) = self.code.take() else { return };
        if code.start.is_some() {
            self.push("\n");
            self.push(line);
        } else if line.trim().is_empty() {
            code.held.push_str(line);
            code.held.push('\n');
        } else {
            self.leave(code.gap);
            code.start = Some(self.units);
            self.push(&code.held);
            self.push(line);
        }
        self.code = Some(code);
    }

    fn open_entity(&self) -> Option<Entity> {
        let code = self.code.as_ref()?;
        let offset = code.start?;
        let kind = EntityKind::Pre { language: code.language.clone() };
        Some(Entity { offset, length: self.units - offset, kind })
    }
}
