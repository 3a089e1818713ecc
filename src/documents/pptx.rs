//! PPTX: slides in their order, with tables and notes.

use std::io::BufRead;

use super::collector::Collector;
use super::container::Container;
use super::error::{DocumentError, Flow};
use super::paragraphs::Paragraphs;
use super::preview::Unit;
use super::xml::{Node, Xml, attribute};

/// The most slides of a presentation.
const SLIDES: usize = 2_000;

/// Reads a presentation.
pub(super) fn read(container: &mut Container<'_>, out: &mut Collector) -> Flow {
    const MAIN: &str = "ppt/presentation.xml";
    let relations = container.relations(MAIN)?;
    let mut order = Vec::new();
    let mut xml = container.xml(MAIN)?.ok_or(DocumentError::Broken)?;
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        if tag.local_name().as_ref() == "sldId" && order.len() < SLIDES {
            // There is also an "id" without prefix.
            let ids = tag.attributes().flatten().filter(|attribute| attribute.key.as_ref().contains(':'));
            order.extend(ids.map(|attribute| attribute.value.into_owned()).next());
        }
    }
    drop(xml);
    for slide in order.iter().filter_map(|id| relations.get(id)) {
        let hidden = is_hidden(container, &slide.target)?;
        if !out.part(Unit::Slide, "", hidden)? {
            continue;
        }
        if let Some(mut xml) = container.xml(&slide.target)? {
            text(&mut xml, false, out)?;
        }
        let of_slide = container.relations(&slide.target)?;
        let notes = of_slide.values().find(|relation| relation.kind == "notesSlide");
        let Some(notes) = notes else { continue };
        if let Some(mut xml) = container.xml(&notes.target)? {
            text(&mut xml, true, out)?;
        }
    }
    Ok(())
}

fn is_hidden(container: &mut Container<'_>, slide: &str) -> Flow<bool> {
    let Some(mut xml) = container.xml(slide)? else { return Ok(false) };
    while let Some(node) = xml.next()? {
        if let Node::Open(tag) = node {
            return Ok(matches!(attribute(&tag, "show").as_deref(), Some("0" | "false")));
        }
    }
    Ok(false)
}

/// Writes the text of a slide, or of its notes without the slide's number and picture.
fn text(xml: &mut Xml<impl BufRead>, notes: bool, out: &mut Collector) -> Flow {
    let mut paragraphs = Paragraphs::default();
    let (mut inside, mut title, mut skipped, mut announced) = (false, false, false, !notes);
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.local_name().as_ref() {
                "sp" => (title, skipped) = (false, false),
                "ph" => {
                    let kind = attribute(&tag, "type").unwrap_or_default();
                    title = !notes && matches!(kind.as_str(), "title" | "ctrTitle");
                    skipped = matches!(kind.as_str(), "sldNum" | "dt" | "ftr" | "hdr");
                }
                "t" => inside = !skipped,
                "br" => paragraphs.push("\n", out)?,
                "tc" => paragraphs.begin_cell(),
                _ => {}
            },
            Node::Text(text) if inside => {
                if !announced && !text.trim().is_empty() {
                    out.text("Notes:\n")?;
                    announced = true;
                }
                if title {
                    paragraphs.begin("# ");
                }
                paragraphs.push(&text, out)?;
            }
            Node::Close(tag) => match tag.local_name().as_ref() {
                "t" => inside = false,
                "p" => paragraphs.end(out)?,
                "tc" => paragraphs.end_cell(),
                "tr" => paragraphs.end_row(out)?,
                _ => {}
            },
            _ => {}
        }
    }
    paragraphs.end(out)
}
