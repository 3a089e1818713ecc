//! Converts HTML and similar formats to readable text with links; scripts, styles and embedded data are
//! dropped.

use html5gum::Tokenizer;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};

use super::collector::Collector;
use super::error::Flow;
use super::paragraphs::Paragraphs;
use super::preview::Unit;

/// Elements whose content is not shown. `binary` holds the pictures of FictionBook.
const DROPPED: [&[u8]; 7] = [b"script", b"style", b"template", b"svg", b"binary", b"noscript", b"iframe"];

/// Elements that begin and end a line.
const BLOCKS: [&[u8]; 28] = [
    b"p",
    b"div",
    b"section",
    b"article",
    b"header",
    b"footer",
    b"main",
    b"nav",
    b"aside",
    b"ul",
    b"ol",
    b"dl",
    b"dt",
    b"dd",
    b"table",
    b"form",
    b"blockquote",
    b"figure",
    b"figcaption",
    b"hr",
    b"body",
    b"title",
    b"v",
    b"stanza",
    b"epigraph",
    b"subtitle",
    b"address",
    b"option",
];

/// Reads a page.
pub(super) fn read(html: &str, out: &mut Collector) -> Flow {
    out.part(Unit::Text, "", false)?;
    write(html, out)
}

enum Token {
    Open(Tag),
    Close(Vec<u8>),
    Text(String),
}

/// A start tag with its relevant attributes.
#[derive(Default)]
struct Tag {
    name: Vec<u8>,
    self_closing: bool,
    target: Option<String>,
    alternative: Option<String>,
}

/// Builds the tokens. Other attributes are not kept, because one tag may have millions.
#[derive(Default)]
struct Builder {
    tag: Tag,
    attribute: Vec<u8>,
}

impl Builder {
    fn take(&mut self, event: &CallbackEvent<'_>) -> Option<Token> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Tag { name: name.to_vec(), ..Tag::default() };
                None
            }
            CallbackEvent::AttributeName { name } => {
                self.attribute = name.to_vec();
                None
            }
            CallbackEvent::AttributeValue { value } => {
                match &self.attribute[..] {
                    b"href" | b"l:href" | b"xlink:href" if is_link(value) => {
                        self.tag.target = Some(String::from_utf8_lossy(value).into_owned());
                    }
                    b"alt" => self.tag.alternative = Some(String::from_utf8_lossy(value).into_owned()),
                    _ => {}
                }
                None
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                let tag = std::mem::take(&mut self.tag);
                Some(Token::Open(Tag { self_closing: *self_closing, ..tag }))
            }
            CallbackEvent::EndTag { name } => Some(Token::Close(name.to_vec())),
            CallbackEvent::String { value } => Some(Token::Text(String::from_utf8_lossy(value).into_owned())),
            _ => None,
        }
    }
}

#[derive(Default)]
struct State {
    paragraphs: Paragraphs,
    /// The name of the element that is being dropped, and how many elements of that name are open.
    dropped: Option<(Vec<u8>, usize)>,
    preformatted: usize,
    lists: usize,
    space: bool,
    links: Vec<Option<String>>,
}

/// Writes the text of a page into the current part.
pub(super) fn write(html: &str, out: &mut Collector) -> Flow {
    let mut builder = Builder::default();
    let mut emitter =
        CallbackEmitter::new(move |event: CallbackEvent<'_>, _: html5gum::Span<()>| builder.take(&event));
    emitter.naively_switch_states(true);
    let mut state = State::default();
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        out.charge(1)?;
        match token {
            Token::Open(tag) => state.open(&tag, out)?,
            Token::Close(name) => state.close(&name, out)?,
            Token::Text(text) if state.dropped.is_none() => state.text(&text, out)?,
            Token::Text(_) => {}
        }
    }
    state.paragraphs.end(out)
}

impl State {
    fn open(&mut self, tag: &Tag, out: &mut Collector) -> Flow {
        let name: &[u8] = &tag.name;
        if let Some((dropped, depth)) = &mut self.dropped {
            *depth += usize::from(dropped == name && !tag.self_closing);
            return Ok(());
        }
        if DROPPED.contains(&name) {
            if !tag.self_closing {
                self.dropped = Some((name.to_vec(), 1));
            }
            return Ok(());
        }
        match name {
            b"br" | b"tr" | b"empty-line" => self.end(out)?,
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.end(out)?;
                self.paragraphs.begin(&("#".repeat(usize::from(name[1] - b'0')) + " "));
            }
            b"li" => {
                self.end(out)?;
                self.paragraphs.begin(&("  ".repeat(self.lists.saturating_sub(1).min(8)) + "- "));
            }
            b"td" | b"th" => self.paragraphs.begin_cell(),
            b"pre" | b"textarea" => {
                self.end(out)?;
                self.preformatted += 1;
            }
            b"img" => {
                if let Some(alt) = tag.alternative.as_ref().filter(|alt| !alt.trim().is_empty()) {
                    self.text(&format!("[image: {alt}]"), out)?;
                }
            }
            b"a" => {
                let target = tag.target.clone().filter(|_| self.links.len() < 100);
                if target.is_some() {
                    self.text("[", out)?;
                }
                if self.links.len() < 100 {
                    self.links.push(target);
                }
            }
            _ if BLOCKS.contains(&name) => {
                self.lists += usize::from(name == b"ul" || name == b"ol");
                self.end(out)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8], out: &mut Collector) -> Flow {
        if let Some((dropped, depth)) = &mut self.dropped {
            *depth -= usize::from(dropped == name);
            if *depth == 0 {
                self.dropped = None;
            }
            return Ok(());
        }
        match name {
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"li" => self.end(out)?,
            b"td" | b"th" => {
                self.space = false;
                self.paragraphs.end_cell();
            }
            b"tr" => self.paragraphs.end_row(out)?,
            b"pre" | b"textarea" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.end(out)?;
            }
            b"a" => {
                if let Some(Some(target)) = self.links.pop() {
                    self.paragraphs.push(&format!("]({target})"), out)?;
                }
            }
            _ if BLOCKS.contains(&name) => {
                if name == b"ul" || name == b"ol" {
                    self.lists = self.lists.saturating_sub(1);
                }
                self.end(out)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Collector) -> Flow {
        self.space = false;
        self.paragraphs.end(out)
    }

    fn text(&mut self, text: &str, out: &mut Collector) -> Flow {
        if self.preformatted > 0 {
            return self.paragraphs.push(text, out);
        }
        let mut collapsed = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_whitespace() && c != '\u{a0}' {
                self.space = true;
                continue;
            }
            if std::mem::take(&mut self.space) && (self.paragraphs.has_text() || !collapsed.is_empty()) {
                collapsed.push(' ');
            }
            collapsed.push(c);
        }
        self.paragraphs.push(&collapsed, out)
    }
}

fn is_link(target: &[u8]) -> bool {
    let target = String::from_utf8_lossy(&target[..target.len().min(2001)]).into_owned();
    let target = target.trim_start();
    let scheme = target.split([':', '/', '?', '#']).next().unwrap_or_default();
    let absolute = target[scheme.len()..].starts_with(':');
    let known =
        ["http", "https", "mailto", "tel", "ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    !target.starts_with('#') && target.len() < 2000 && (!absolute || known)
}
