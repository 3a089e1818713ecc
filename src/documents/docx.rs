//! DOCX: paragraphs, headings, lists, tables, links, footnotes, endnotes and comments.

use std::collections::HashMap;
use std::io::BufRead;

use super::collector::Collector;
use super::container::{Container, Relation};
use super::error::{DocumentError, Flow};
use super::paragraphs::Paragraphs;
use super::preview::Unit;
use super::xml::{Node, Xml, attribute};

/// The most styles of a document that are kept.
const STYLES: usize = 10_000;

/// Reads a Word document; `main` is the member with the text.
pub(super) fn read(container: &mut Container<'_>, main: &str, out: &mut Collector) -> Flow {
    let folder = main.rsplit_once('/').map_or("word", |(folder, _)| folder).to_owned();
    let headings = headings(container, &folder)?;
    let relations = container.relations(main)?;
    out.part(Unit::Text, "", false)?;
    let mut xml = container.xml(main)?.ok_or(DocumentError::Broken)?;
    body(&mut xml, &headings, &relations, out)?;
    drop(xml);
    for (file, name) in [("footnotes", "Footnotes"), ("endnotes", "Endnotes"), ("comments", "Comments")] {
        if let Some(mut xml) = container.xml(&format!("{folder}/{file}.xml"))? {
            out.part(Unit::Text, name, false)?;
            body(&mut xml, &headings, &HashMap::new(), out)?;
        }
    }
    Ok(())
}

/// Returns the levels of headings by the id of their style, which is translated or numeric in localised
/// documents.
fn headings(container: &mut Container<'_>, folder: &str) -> Flow<HashMap<String, usize>> {
    let mut found = HashMap::new();
    let Some(mut xml) = container.xml(&format!("{folder}/styles.xml"))? else { return Ok(found) };
    let mut style = String::new();
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        match tag.local_name().as_ref() {
            "style" => style = attribute(&tag, "styleId").unwrap_or_default(),
            "name" if found.len() < STYLES => {
                let name = attribute(&tag, "val").unwrap_or_default().to_lowercase();
                let level = name.strip_prefix("heading ").and_then(|level| level.parse().ok());
                if let Some(level) = level.or((name == "title").then_some(1)) {
                    found.insert(style.clone(), level);
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

#[derive(Default)]
struct State {
    paragraphs: Paragraphs,
    inside: bool,
    /// Tab stops outside of a run are properties of the paragraph.
    run: bool,
    fallback: usize,
    item: Option<usize>,
    prefix: String,
    links: Vec<Option<String>>,
}

fn body(
    xml: &mut Xml<impl BufRead>,
    headings: &HashMap<String, usize>,
    relations: &HashMap<String, Relation>,
    out: &mut Collector,
) -> Flow {
    let mut state = State::default();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => {
                let value = || attribute(&tag, "val");
                match tag.local_name().as_ref() {
                    // The text of a drawing once more, for old readers.
                    "Fallback" => state.fallback += 1,
                    "pStyle" => {
                        let style = value().unwrap_or_default();
                        let known = headings.get(&style).copied();
                        let level = known.or_else(|| style.strip_prefix("Heading")?.parse().ok());
                        state.prefix = level.map_or_else(String::new, |level| "#".repeat(level.min(6)) + " ");
                    }
                    "numPr" => state.item = Some(0),
                    "ilvl" => state.item = value().and_then(|level| level.parse().ok()),
                    "t" => state.inside = true,
                    "tab" if state.run => state.write("\t", out)?,
                    "br" | "cr" => state.write("\n", out)?,
                    "noBreakHyphen" => state.write("-", out)?,
                    "tc" => state.paragraphs.begin_cell(),
                    "hyperlink" => {
                        let id = attribute(&tag, "id").unwrap_or_default();
                        let target = relations.get(&id).map(|relation| relation.target.clone());
                        if target.is_some() {
                            state.write("[", out)?;
                        }
                        if state.links.len() < 100 {
                            state.links.push(target);
                        }
                    }
                    "footnoteReference" | "endnoteReference" => {
                        let note = format!("[^{}]", attribute(&tag, "id").unwrap_or_default());
                        state.write(&note, out)?;
                    }
                    "footnote" | "endnote" => {
                        state
                            .paragraphs
                            .begin(&format!("[^{}]: ", attribute(&tag, "id").unwrap_or_default()));
                    }
                    "comment" => {
                        state
                            .paragraphs
                            .begin(&format!("{}: ", attribute(&tag, "author").unwrap_or_default()));
                    }
                    "r" => state.run = true,
                    _ => {}
                }
            }
            Node::Text(text) if state.inside => state.write(&text, out)?,
            Node::Close(tag) => state.close(tag.local_name().as_ref(), out)?,
            _ => {}
        }
    }
    state.paragraphs.end(out)
}

impl State {
    fn write(&mut self, text: &str, out: &mut Collector) -> Flow {
        if self.fallback > 0 {
            return Ok(());
        }
        if let Some(level) = self.item.take() {
            self.paragraphs.begin(&("  ".repeat(level.min(8)) + "- "));
        }
        let prefix = std::mem::take(&mut self.prefix);
        self.paragraphs.begin(&prefix);
        self.paragraphs.push(text, out)
    }

    fn close(&mut self, name: &str, out: &mut Collector) -> Flow {
        match name {
            "Fallback" => self.fallback = self.fallback.saturating_sub(1),
            "t" => self.inside = false,
            "r" => self.run = false,
            "hyperlink" => {
                if let Some(Some(target)) = self.links.pop() {
                    self.write(&format!("]({target})"), out)?;
                }
            }
            "p" => {
                self.item = None;
                self.prefix.clear();
                self.paragraphs.end(out)?;
            }
            "tc" => self.paragraphs.end_cell(),
            "tr" => self.paragraphs.end_row(out)?,
            _ => {}
        }
        Ok(())
    }
}
