//! ODT and ODP: text and slides of OpenDocument.

use super::collector::Collector;
use super::container::Container;
use super::error::{DocumentError, Flow};
use super::paragraphs::Paragraphs;
use super::preview::Unit;
use super::xml::{Node, attribute};

#[derive(Default)]
struct State {
    paragraphs: Paragraphs,
    /// The nesting depth of paragraphs (in notes and frames).
    inside: usize,
    lists: usize,
    item: bool,
    deleted: usize,
    links: Vec<String>,
}

/// Reads a text (one part) or a presentation (one part per slide).
pub(super) fn read(container: &mut Container<'_>, slides: bool, out: &mut Collector) -> Flow {
    let mut xml = container.xml("content.xml")?.ok_or(DocumentError::Broken)?;
    let mut state = State::default();
    if !slides {
        out.part(Unit::Text, "", false)?;
    }
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.local_name().as_ref() {
                "page" if slides => {
                    state = State::default();
                    out.part(Unit::Slide, &attribute(&tag, "name").unwrap_or_default(), false)?;
                }
                "notes" => out.text("Notes:\n")?,
                "tracked-changes" => state.deleted += 1,
                "h" => {
                    let level = attribute(&tag, "outline-level").and_then(|level| level.parse().ok());
                    state.begin();
                    state.paragraphs.begin(&("#".repeat(level.unwrap_or(1).clamp(1, 6)) + " "));
                }
                "p" => state.begin(),
                "list" => state.lists += 1,
                "list-item" => state.item = true,
                "s" => {
                    let count = attribute(&tag, "c").and_then(|count| count.parse().ok()).unwrap_or(1);
                    state.write(&" ".repeat(usize::min(count, 100)), out)?;
                }
                "tab" => state.write("\t", out)?,
                "line-break" => state.write("\n", out)?,
                "note" => state.write(" [", out)?,
                "table-cell" => state.paragraphs.begin_cell(),
                "a" => {
                    state.write("[", out)?;
                    if state.links.len() < 100 {
                        state.links.push(attribute(&tag, "href").unwrap_or_default());
                    }
                }
                _ => {}
            },
            Node::Text(text) if state.inside > 0 => state.write(&text, out)?,
            Node::Close(tag) => state.close(tag.local_name().as_ref(), out)?,
            _ => {}
        }
    }
    Ok(())
}

impl State {
    fn begin(&mut self) {
        self.inside += 1;
        if std::mem::take(&mut self.item) {
            self.paragraphs.begin(&("  ".repeat(self.lists.saturating_sub(1).min(8)) + "- "));
        }
    }

    fn write(&mut self, text: &str, out: &mut Collector) -> Flow {
        if self.inside == 0 || self.deleted > 0 { Ok(()) } else { self.paragraphs.push(text, out) }
    }

    fn close(&mut self, name: &str, out: &mut Collector) -> Flow {
        match name {
            "p" | "h" => {
                self.inside = self.inside.saturating_sub(1);
                if self.inside == 0 && self.deleted == 0 {
                    self.paragraphs.end(out)?;
                }
            }
            "tracked-changes" => self.deleted = self.deleted.saturating_sub(1),
            "list" => self.lists = self.lists.saturating_sub(1),
            "note" => self.write("] ", out)?,
            "a" => {
                if let Some(target) = self.links.pop() {
                    self.write(&format!("]({target})"), out)?;
                }
            }
            "table-cell" => self.paragraphs.end_cell(),
            "table-row" => self.paragraphs.end_row(out)?,
            _ => {}
        }
        Ok(())
    }
}
