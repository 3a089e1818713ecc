//! Reference links (`[text][id]`, `[id]`) and their definitions (`[id]: https://…`). A definition may come
//! long after its references, so links are added to finished text. Until the definition arrives, the
//! reference is shown as written. Messages that were sent before stay unchanged.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::entities::{Entity, EntityKind, RichText, Span, normalize};
use super::links;
use super::syntax::{BLANKS, indent_width};

/// The longest name of a definition, in bytes.
const LONGEST_LABEL: usize = 100;
/// The number of definitions that are read, because the text before each one is searched for references. An
/// answer with more is a list of addresses, and the rest of them is shown as text.
const MOST_DEFINITIONS: usize = 200;

/// A line that defines the address of references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    label: String,
    url: String,
}

impl Definition {
    /// Parses a line. Returns `None` if it is not a definition.
    pub(super) fn of(line: &str) -> Option<Self> {
        let (label, after) = head(line)?;
        let after = after.trim_matches(BLANKS);
        let (address, title) = after.split_once(BLANKS).unwrap_or((after, ""));
        let address = address.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(address);
        let title = title.trim_matches(BLANKS);
        let quoted = [('"', '"'), ('\'', '\''), ('(', ')')]
            .iter()
            .any(|&(open, close)| title.len() > 1 && title.starts_with(open) && title.ends_with(close));
        if !(title.is_empty() || quoted) {
            return None;
        }
        Some(Self { label, url: links::target(address)? })
    }
}

/// Returns whether an incomplete line may become a definition.
pub(super) fn may_be_definition(line: &str) -> bool {
    head(line).is_some_and(|(_, after)| {
        let address = after.trim_start_matches(BLANKS).trim_start_matches('<');
        "http".starts_with(address) || address.starts_with("http")
    })
}

/// Returns the name that a line defines, and the text behind the colon.
fn head(line: &str) -> Option<(String, &str)> {
    if indent_width(line) > 3 {
        return None;
    }
    let inner = line.trim_start_matches(' ').strip_prefix('[')?;
    let end = inner.find([']', '[']).filter(|&end| (1..=LONGEST_LABEL).contains(&end))?;
    let after = inner[end..].strip_prefix("]:")?;
    Some((key(&inner[..end])?, after))
}

/// Returns a name in the form used for comparison, regardless of case and spacing. Returns `None` if it is no
/// name.
fn key(label: &str) -> Option<String> {
    let words: Vec<String> = label.split_whitespace().map(str::to_lowercase).collect();
    (!words.is_empty() && label.len() <= LONGEST_LABEL && !label.starts_with('^')).then(|| words.join(" "))
}

/// The definitions found so far in an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Definitions {
    urls: Arc<BTreeMap<String, String>>,
    /// The number of definition lines, including repeated names.
    lines: usize,
}

impl Definitions {
    /// Returns whether the limit of definitions is reached.
    pub(super) fn is_full(&self) -> bool {
        self.lines >= MOST_DEFINITIONS
    }

    /// Stores a definition, unless an earlier one has the same name.
    pub(super) fn add(&mut self, definition: Definition) {
        if !self.is_full() {
            self.lines += 1;
            Arc::make_mut(&mut self.urls).entry(definition.label).or_insert(definition.url);
        }
    }

    /// Turns the references in a finished text into links. Returns the text unchanged if it would have more
    /// than `most_entities` entities.
    pub(super) fn resolve(&self, rich: RichText, most_entities: usize) -> RichText {
        if self.urls.is_empty() || !rich.text.contains(']') {
            return rich;
        }
        let links = self.links(&rich);
        if links.is_empty() {
            return rich;
        }
        let resolved = rewritten(&rich, &links);
        if resolved.entities.len() > most_entities { rich } else { resolved }
    }

    /// Returns the references in order, with their shown text, the range they replace, and their address.
    fn links(&self, rich: &RichText) -> Vec<Link> {
        let mut found = Vec::new();
        references(rich, |shown, whole, label| {
            let url = key(label).and_then(|key| self.urls.get(&key).cloned());
            let is_link = url.is_some();
            found.extend(url.map(|url| Link { shown, whole, url }));
            is_link
        });
        found
    }
}

/// Returns whether a text has a reference to this definition.
pub(super) fn is_referred_to(definition: &Definition, rich: &RichText) -> bool {
    let mut referred = false;
    references(rich, |_, _, label| {
        let refers = key(label).is_some_and(|key| key == definition.label);
        referred |= refers;
        refers
    });
    referred
}

struct Link {
    /// The bytes that stay.
    shown: Range<usize>,
    /// All bytes of the reference.
    whole: Range<usize>,
    url: String,
}

/// Finds possible references outside code and links, and passes the range that stays, the whole range and the
/// name to `take`. `take` returns whether it is a reference; if so, the brackets around it are not.
fn references<'t>(rich: &'t RichText, mut take: impl FnMut(Range<usize>, Range<usize>, &'t str) -> bool) {
    let text = rich.text.as_str();
    let mut closed = Closed::new(&rich.entities);
    let mut open: Vec<usize> = Vec::new();
    let mut unit = 0;
    let mut skip = 0;
    for (at, c) in text.char_indices() {
        let inside = closed.holds(unit);
        unit += c.len_utf16();
        if at < skip || inside {
            continue;
        }
        match c {
            '\n' => open.clear(),
            '[' => open.push(at),
            ']' => {
                let Some(start) = open.pop() else { continue };
                let content = &text[start + 1..at];
                let after = &text[at + 1..];
                if content.trim() != content || content.is_empty() {
                    continue;
                }
                // `a[0][1]` is an index expression.
                let is_element = text[..start].ends_with(char::is_alphanumeric);
                let second = after.strip_prefix('[').filter(|_| !is_element).and_then(|inner| {
                    let end = inner.find([']', '[', '\n']).filter(|&end| end <= LONGEST_LABEL)?;
                    inner[end..].starts_with(']').then(|| &inner[..end])
                });
                let (label, end) = match second {
                    Some("") => (content, at + 3),
                    Some(label) => (label, at + 3 + label.len()),
                    None if after.starts_with([':', '(', '[']) => continue,
                    None => (content, at + 1),
                };
                // A number in brackets is a citation mark and keeps its brackets.
                let mark = second.is_none() && content.bytes().all(|byte| byte.is_ascii_digit());
                let shown = if mark { start..end } else { start + 1..at };
                if take(shown, start..end, label) {
                    skip = end;
                    open.clear();
                }
            }
            _ => {}
        }
    }
}

/// The ranges of a text in which brackets are not references.
struct Closed<'a> {
    entities: std::slice::Iter<'a, Entity>,
    end: usize,
    next: Option<&'a Entity>,
}

impl<'a> Closed<'a> {
    fn new(entities: &'a [Entity]) -> Self {
        let mut entities = entities.iter();
        let next = entities.find(|entity| is_closed(entity));
        Self { entities, end: 0, next }
    }

    /// Returns whether the character at `unit` is in one of the ranges. Calls must have rising positions.
    fn holds(&mut self, unit: usize) -> bool {
        while let Some(entity) = self.next.filter(|entity| entity.offset <= unit) {
            self.end = self.end.max(entity.end());
            self.next = self.entities.find(|entity| is_closed(entity));
        }
        unit < self.end
    }
}

fn is_closed(entity: &Entity) -> bool {
    matches!(entity.kind, EntityKind::Code | EntityKind::Pre { .. } | EntityKind::TextLink { .. })
}

/// Returns the text with the references replaced by links.
fn rewritten(rich: &RichText, links: &[Link]) -> RichText {
    let mut text = String::with_capacity(rich.text.len());
    let mut spans = Vec::with_capacity(rich.entities.len() + links.len());
    let mut at = 0;
    // Ranges of removed bytes, and the position behind each in the new text.
    let mut cuts: Vec<(Range<usize>, usize)> = Vec::with_capacity(2 * links.len());
    for Link { shown, whole, url } in links {
        text.push_str(&rich.text[at..whole.start]);
        cuts.push((whole.start..shown.start, text.len()));
        let start = text.len();
        text.push_str(&rich.text[shown.clone()]);
        spans.push(Span { range: start..text.len(), kind: EntityKind::TextLink { url: url.clone() } });
        cuts.push((shown.end..whole.end, text.len()));
        at = whole.end;
    }
    text.push_str(&rich.text[at..]);
    let moved = |byte: usize| {
        let behind = cuts.partition_point(|(cut, _)| cut.end <= byte);
        match cuts.get(behind).filter(|(cut, _)| cut.start <= byte) {
            Some((_, place)) => *place,
            None => behind.checked_sub(1).map_or(byte, |last| byte - cuts[last].0.end + cuts[last].1),
        }
    };
    let bytes = byte_borders(rich);
    for (entity, range) in rich.entities.iter().zip(bytes) {
        let range = moved(range.start)..moved(range.end);
        // Code that is a link from end to end loses its code formatting.
        let code = entity.kind == EntityKind::Code;
        let inside = |span: &Span| span.range.start <= range.start && range.end <= span.range.end;
        if !(code && spans[..links.len()].iter().any(inside)) {
            spans.push(Span { range, kind: entity.kind.clone() });
        }
    }
    let entities = normalize(&text, spans);
    RichText { text, entities }
}

/// Returns the entities of a text as ranges of bytes.
fn byte_borders(rich: &RichText) -> Vec<Range<usize>> {
    let mut units: Vec<usize> =
        rich.entities.iter().flat_map(|entity| [entity.offset, entity.end()]).collect();
    units.sort_unstable();
    units.dedup();
    let mut bytes = Vec::with_capacity(units.len());
    let (mut unit, mut chars) = (0, rich.text.char_indices());
    for &border in &units {
        while unit < border
            && let Some((_, c)) = chars.next()
        {
            unit += c.len_utf16();
        }
        bytes.push(chars.offset());
    }
    let byte = |unit: usize| bytes[units.partition_point(|&border| border < unit)];
    rich.entities.iter().map(|entity| byte(entity.offset)..byte(entity.end())).collect()
}

#[cfg(test)]
mod tests;
