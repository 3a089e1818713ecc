//! Text with formatting as Telegram accepts it without a parse mode: plain text plus entities, counted in
//! UTF-16 units. `normalize` makes any set of spans obey Telegram's rules: code contains no other entity,
//! entities do not cross and are not empty, and equal neighbours are merged.

use std::cmp::Reverse;
use std::ops::Range;

/// Text and its formatting. Entities are sorted by offset, outer before inner, and never cross.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RichText {
    /// What the reader sees, free of markup.
    pub text: String,
    /// The formatting of `text`.
    pub entities: Vec<Entity>,
}

impl RichText {
    /// Creates text without formatting.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), entities: Vec::new() }
    }

    /// Returns the length in Unicode code points, the unit of Telegram's limits for messages and captions.
    pub fn code_points(&self) -> usize {
        self.text.chars().count()
    }

    /// Appends `other` and shifts its entities behind this text; `own_units` is the UTF-16 length of this
    /// text.
    pub(crate) fn append(&mut self, other: Self, own_units: usize) {
        self.text.push_str(&other.text);
        self.entities
            .extend(other.entities.into_iter().map(|e| Entity { offset: e.offset + own_units, ..e }));
    }
}

/// One formatted piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// First UTF-16 unit.
    pub offset: usize,
    /// Number of UTF-16 units, never zero.
    pub length: usize,
    /// The kind of formatting.
    pub kind: EntityKind,
}

impl Entity {
    /// Returns the offset of the first UTF-16 unit behind the piece.
    pub fn end(&self) -> usize {
        self.offset + self.length
    }
}

/// The kinds of formatting that answers use, named as in Telegram's `MessageEntity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityKind {
    /// Bold text.
    Bold,
    /// Italic text.
    Italic,
    /// Underlined text.
    Underline,
    /// Struck out text.
    Strikethrough,
    /// Text hidden until it is tapped.
    Spoiler,
    /// Monospace text within a line.
    Code,
    /// A monospace block.
    Pre {
        /// Programming language for highlighting, one word.
        language: Option<String>,
    },
    /// Text that opens an address.
    TextLink {
        /// Absolute `http`, `https` or `tg` address.
        url: String,
    },
    /// A quotation.
    Blockquote,
    /// A quotation that is folded until it is tapped.
    ExpandableBlockquote,
}

impl EntityKind {
    fn is_quote(&self) -> bool {
        matches!(self, Self::Blockquote | Self::ExpandableBlockquote)
    }

    /// Returns the position in the order of entities that cover the same text, outermost first.
    fn rank(&self) -> u8 {
        match self {
            Self::Blockquote | Self::ExpandableBlockquote => 0,
            Self::TextLink { .. } => 1,
            Self::Bold => 2,
            Self::Italic => 3,
            Self::Underline => 4,
            Self::Strikethrough => 5,
            Self::Spoiler => 6,
            Self::Code | Self::Pre { .. } => 7,
        }
    }
}

/// Returns the number of UTF-16 units in `text`.
pub(super) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// A formatted range of bytes in unfinished text; it may still violate every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) range: Range<usize>,
    pub(super) kind: EntityKind,
}

/// Formatting that may be cut into pieces without changing how the text looks.
const STYLES: [EntityKind; 5] = [
    EntityKind::Bold,
    EntityKind::Italic,
    EntityKind::Underline,
    EntityKind::Strikethrough,
    EntityKind::Spoiler,
];

/// Turns spans over `text` into entities that Telegram accepts unchanged.
pub(super) fn normalize(text: &str, spans: Vec<Span>) -> Vec<Entity> {
    let mut spans: Vec<Span> = spans.into_iter().filter_map(|span| tidy(text, span)).collect();
    spans.sort_by_key(|span| (span.range.start, Reverse(span.range.end), span.kind.rank()));
    let mut quotes = disjoint(&spans, EntityKind::is_quote);
    let pre = disjoint(&spans, |kind| matches!(kind, EntityKind::Pre { .. }));
    let mut links = disjoint(&spans, |kind| matches!(kind, EntityKind::TextLink { .. }));
    links.retain(|link| !overlaps(&pre, &link.range));
    let mut code = disjoint(&spans, |kind| matches!(kind, EntityKind::Code));
    code.retain(|code| !overlaps(&pre, &code.range) && !overlaps(&links, &code.range));
    code.extend(pre);
    code.sort_by_key(|span| span.range.start);
    for quote in &mut quotes {
        cover(&mut quote.range, &code);
    }

    let mut pieces = Vec::new();
    for style in STYLES {
        for range in union(spans.iter().filter(|span| span.kind == style).map(|span| &span.range)) {
            for piece in subtract(range, &code) {
                for piece in cut_at(piece, &quotes).into_iter().flat_map(|piece| cut_at(piece, &links)) {
                    pieces.extend(tidy(text, Span { range: piece, kind: style.clone() }));
                }
            }
        }
    }
    pieces.extend(quotes);
    pieces.extend(links);
    pieces.extend(code);
    to_entities(text, &nest(text, pieces))
}

/// Trims white space off the ends of a span; code keeps its own. Returns `None` for a span without visible
/// text.
fn tidy(text: &str, span: Span) -> Option<Span> {
    let covered = text.get(span.range.clone())?;
    if covered.trim().is_empty() {
        return None;
    }
    if matches!(span.kind, EntityKind::Code | EntityKind::Pre { .. }) {
        return Some(span);
    }
    let start = span.range.start + (covered.len() - covered.trim_start().len());
    Some(Span { range: start..start + covered.trim().len(), kind: span.kind })
}

/// Returns the spans of one family in order, without the later ones that overlap an earlier one.
fn disjoint(sorted: &[Span], wanted: impl Fn(&EntityKind) -> bool) -> Vec<Span> {
    let mut kept: Vec<Span> = Vec::new();
    for span in sorted.iter().filter(|span| wanted(&span.kind)) {
        if kept.last().is_none_or(|last| last.range.end <= span.range.start) {
            kept.push(span.clone());
        }
    }
    kept
}

/// Extends a trimmed quotation over the white space of the code at its ends.
fn cover(quote: &mut Range<usize>, code: &[Span]) {
    for Span { range: code, .. } in code {
        if code.start < quote.end && code.end > quote.start {
            *quote = quote.start.min(code.start)..quote.end.max(code.end);
        }
    }
}

fn overlaps(sorted: &[Span], range: &Range<usize>) -> bool {
    let first = sorted.partition_point(|span| span.range.end <= range.start);
    sorted.get(first).is_some_and(|span| span.range.start < range.end)
}

/// Merges sorted ranges that overlap or touch.
fn union<'a>(sorted: impl Iterator<Item = &'a Range<usize>>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range.clone()),
        }
    }
    merged
}

/// Returns the parts of `range` outside the sorted, disjoint `holes`.
fn subtract(range: Range<usize>, holes: &[Span]) -> Vec<Range<usize>> {
    let first = holes.partition_point(|hole| hole.range.end <= range.start);
    let mut rest = Vec::new();
    let mut from = range.start;
    for hole in holes[first..].iter().take_while(|hole| hole.range.start < range.end) {
        if from < hole.range.start {
            rest.push(from..hole.range.start);
        }
        from = hole.range.end;
    }
    if from < range.end {
        rest.push(from..range.end);
    }
    rest
}

/// Cuts `range` where it crosses a border of one of the sorted, disjoint `walls`.
fn cut_at(range: Range<usize>, walls: &[Span]) -> Vec<Range<usize>> {
    let around = |position: usize| {
        let next = walls.partition_point(|wall| wall.range.end <= position);
        walls.get(next).map(|wall| wall.range.clone()).filter(|wall| wall.start < position)
    };
    let mut cuts = vec![range.start];
    cuts.extend(around(range.start).map(|wall| wall.end).filter(|&end| end < range.end));
    cuts.extend(around(range.end).map(|wall| wall.start).filter(|&start| start > range.start));
    cuts.push(range.end);
    cuts.dedup();
    cuts.windows(2).filter(|pair| pair[0] < pair[1]).map(|pair| pair[0]..pair[1]).collect()
}

/// Orders the pieces outer before inner and cuts styles that would cross one another.
fn nest(text: &str, mut pieces: Vec<Span>) -> Vec<Span> {
    let order = |span: &Span| (span.range.start, Reverse(span.range.end), span.kind.rank());
    pieces.sort_by_key(|span| Reverse(order(span)));
    let mut nested: Vec<Span> = Vec::with_capacity(pieces.len());
    let mut open: Vec<usize> = Vec::new();
    while let Some(mut piece) = pieces.pop() {
        while open.last().is_some_and(|&end| end <= piece.range.start) {
            open.pop();
        }
        if let Some(&end) = open.last()
            && end < piece.range.end
        {
            let rest = Span { range: end..piece.range.end, kind: piece.kind.clone() };
            if let Some(rest) = tidy(text, rest) {
                let at = pieces.partition_point(|other| order(other) > order(&rest));
                pieces.insert(at, rest);
            }
            piece.range.end = end;
            let Some(shortened) = tidy(text, piece) else { continue };
            piece = shortened;
        }
        open.push(piece.range.end);
        nested.push(piece);
    }
    nested.sort_by_key(order);
    nested
}

/// Converts byte ranges to UTF-16 offsets in one walk over the text.
fn to_entities(text: &str, spans: &[Span]) -> Vec<Entity> {
    let mut borders: Vec<usize> = spans.iter().flat_map(|span| [span.range.start, span.range.end]).collect();
    borders.sort_unstable();
    borders.dedup();
    let (mut byte, mut unit) = (0, 0);
    let units: Vec<usize> = borders
        .iter()
        .map(|&border| {
            unit += utf16_len(&text[byte..border]);
            byte = border;
            unit
        })
        .collect();
    let at = |byte: usize| units[borders.partition_point(|&border| border < byte)];
    spans
        .iter()
        .map(|span| {
            let offset = at(span.range.start);
            Entity { offset, length: at(span.range.end) - offset, kind: span.kind.clone() }
        })
        .collect()
}

/// Returns whether the entity is a block of separate lines, which should not be cut if avoidable.
pub(super) fn is_block(kind: &EntityKind) -> bool {
    kind.is_quote() || matches!(kind, EntityKind::Pre { .. })
}

#[cfg(test)]
mod tests;
