//! XML as a bounded stream of nodes. Entities other than characters are not expanded, and nothing is
//! downloaded.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesEnd, BytesStart, Event};

use super::error::DocumentError;

/// The longest tag, text or comment, in bytes.
const NODE: usize = 4 << 20;

/// A piece of XML. An empty element is reported as a start and an end.
pub(super) enum Node<'a> {
    /// A start tag.
    Open(BytesStart<'a>),
    /// An end tag.
    Close(BytesEnd<'a>),
    /// Text, or a part of it.
    Text(Cow<'a, str>),
    /// A comment, a declaration, or an unknown entity.
    Other,
}

/// Reads XML node by node, with one node in memory.
pub(super) struct Xml<R> {
    reader: Reader<Bounded<R>>,
    buffer: Vec<u8>,
}

impl<R: BufRead> Xml<R> {
    /// Creates a reader of `inner`. It stops when `left`, the remaining allowance of unpacked bytes, is used
    /// up.
    pub(super) fn new(inner: R, left: Rc<Cell<u64>>) -> Self {
        let mut reader = Reader::from_reader(Bounded { inner, node: NODE, left, exceeded: false });
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self { reader, buffer: Vec::new() }
    }

    /// Reads the next node. Returns `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Node<'_>>, DocumentError> {
        self.buffer.clear();
        self.reader.get_mut().node = NODE;
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(_) if self.reader.get_ref().exceeded => return Err(DocumentError::TooLarge),
            Err(_) => return Err(DocumentError::Broken),
        };
        Ok(Some(match event {
            Event::Start(tag) | Event::Empty(tag) => Node::Open(tag),
            Event::End(tag) => Node::Close(tag),
            Event::Text(text) => Node::Text(text.xml10_content()),
            Event::CData(text) => Node::Text(text.xml10_content()),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => Node::Text(Cow::Owned(c.to_string())),
                _ => resolve_predefined_entity(&name)
                    .map_or(Node::Other, |text| Node::Text(Cow::Borrowed(text))),
            },
            Event::Eof => return Ok(None),
            _ => Node::Other,
        }))
    }
}

/// Returns the value of an attribute by its name without prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let attributes = attributes.with_checks(false);
    let found = attributes.flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = found.normalized_value(quick_xml::XmlVersion::Implicit1_0);
    Some(value.map_or_else(|_| found.value.to_string(), Cow::into_owned))
}

struct Bounded<R> {
    inner: R,
    node: usize,
    left: Rc<Cell<u64>>,
    exceeded: bool,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let count = available.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let allowed = usize::try_from(self.left.get()).unwrap_or(usize::MAX).min(self.node);
        let available = self.inner.fill_buf()?;
        if allowed == 0 && !available.is_empty() {
            self.exceeded = true;
            return Err(io::Error::other("limit of unpacked bytes"));
        }
        Ok(&available[..available.len().min(allowed)])
    }

    fn consume(&mut self, count: usize) {
        self.node = self.node.saturating_sub(count);
        self.left.set(self.left.get().saturating_sub(count as u64));
        self.inner.consume(count);
    }
}
