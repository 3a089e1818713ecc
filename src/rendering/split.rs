//! Cuts a text into messages that Telegram accepts: by code points and number of entities, at block borders,
//! otherwise between lines, otherwise between words. Formatting that spans a cut continues in the next part.
//!
//! Joining rule: the parts, in order, are the whole text. Only white space around the cuts is removed, and in
//! code blocks only empty lines and the white space at the end of the last line.

use super::entities::{Entity, EntityKind, RichText, is_block, utf16_len};

/// The limits of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Unicode code points; Telegram's limit is 4096 for messages, 1024 for captions.
    pub code_points: usize,
    /// Entities; Telegram keeps at most 100.
    pub entities: usize,
}

impl Limits {
    /// Telegram's limits for a text message.
    pub const MESSAGE: Self = Self { code_points: 4096, entities: 100 };
}

/// Cuts `rich` into parts within `limit` code points and `max_entities` entities. No part is empty or begins
/// or ends with white space, except that a part inside code may begin with indentation.
pub fn split(rich: &RichText, limit: usize, max_entities: usize) -> Vec<RichText> {
    let mut cursor = Cursor::new(rich, Limits { code_points: limit, entities: max_entities });
    let mut parts: Vec<RichText> = std::iter::from_fn(|| cursor.next_part()).collect();
    parts.extend(cursor.last_part());
    parts
}

/// A position in the text, in both units.
#[derive(Debug, Clone, Copy, Default)]
struct CutPoint {
    byte: usize,
    unit: usize,
}

/// Returns the position behind `text`, which begins at `from`.
fn advance(from: CutPoint, text: &str) -> CutPoint {
    CutPoint { byte: from.byte + text.len(), unit: from.unit + utf16_len(text) }
}

/// Cuts parts off the front of a text. The end of a part depends only on the text up to one character behind
/// the limit, so a growing text is always cut at the same positions.
pub(super) struct Cursor<'a> {
    rich: &'a RichText,
    limits: Limits,
    at: CutPoint,
    /// Entities before this index end before the cursor.
    first_entity: usize,
}

/// The best cuts of each kind found so far; later cuts replace earlier ones.
#[derive(Default)]
struct Cuts {
    block: Option<CutPoint>,
    line: Option<CutPoint>,
    code_block: Option<CutPoint>,
    code_line: Option<CutPoint>,
    word: Option<CutPoint>,
    any_line: Option<CutPoint>,
    any: Option<CutPoint>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(rich: &'a RichText, limits: Limits) -> Self {
        let limits = Limits { code_points: limits.code_points.max(1), entities: limits.entities.max(1) };
        Self { rich, limits, at: CutPoint::default(), first_entity: 0 }
    }

    /// Returns the number of bytes and UTF-16 units cut off so far.
    pub(super) fn position(&self) -> (usize, usize) {
        (self.at.byte, self.at.unit)
    }

    /// Cuts off the next part. Returns `None` if the rest fits one message.
    pub(super) fn next_part(&mut self) -> Option<RichText> {
        loop {
            let start = self.skip_blanks();
            let stop = self.window_end(start)?;
            let end = self.best_cut(start, stop);
            self.at = end;
            let part = self.part(start, end);
            if !part.text.is_empty() {
                return Some(part);
            }
        }
    }

    /// Returns the rest, which must fit one message. Returns `None` if nothing is left.
    pub(super) fn last_part(&mut self) -> Option<RichText> {
        let start = self.skip_blanks();
        let end = advance(start, &self.rich.text[start.byte..]);
        self.at = end;
        Some(self.part(start, end)).filter(|part| !part.text.is_empty())
    }

    /// Returns the entities that reach behind `unit`, in order.
    fn entities_after(&self, unit: usize) -> impl Iterator<Item = &'a Entity> {
        self.rich.entities[self.first_entity..].iter().filter(move |entity| entity.end() > unit)
    }

    /// Skips white space; in code only empty lines, because indentation is part of the code.
    fn skip_blanks(&mut self) -> CutPoint {
        loop {
            let rest = &self.rich.text[self.at.byte..];
            let blank = rest.len() - rest.trim_start().len();
            let blank_units = rest[..blank].chars().count();
            let code = self
                .entities_after(self.at.unit)
                .find(|entity| matches!(entity.kind, EntityKind::Pre { .. }))
                .filter(|code| code.offset < self.at.unit + blank_units)
                .map(|code| code.offset.max(self.at.unit));
            let Some(code) = code else {
                self.at = advance(self.at, &rest[..blank]);
                break;
            };
            // White space has one unit per character, so units are characters here.
            let before: usize = rest.chars().take(code - self.at.unit).map(char::len_utf8).sum();
            let lines = rest[before..blank].rfind('\n').map_or(0, |newline| newline + 1);
            let skipped = before + lines;
            self.at = advance(self.at, &rest[..skipped]);
            if lines == 0 {
                break;
            }
        }
        let unit = self.at.unit;
        // An outer entity may end behind the entities after it, so only leading finished ones are skipped.
        while self.rich.entities.get(self.first_entity).is_some_and(|entity| entity.end() <= unit) {
            self.first_entity += 1;
        }
        self.at
    }

    /// Returns the last possible end of the part that begins at `start`, or `None` if the rest fits.
    fn window_end(&self, start: CutPoint) -> Option<CutPoint> {
        let rest = self.rich.text[start.byte..].trim_end();
        if rest.is_empty() {
            return None;
        }
        let by_length = rest.char_indices().nth(self.limits.code_points).map(|(byte, _)| byte);
        let by_length = by_length.map(|bytes| advance(start, &rest[..bytes]));
        let end_of_text = self.rich.text.trim_end().len();
        let excess = self.entities_after(start.unit).nth(self.limits.entities).map(|entity| entity.offset);
        let Some(excess) = excess.filter(|&unit| by_length.is_none_or(|place| unit < place.unit)) else {
            return by_length;
        };
        let mut place = start;
        for c in self.rich.text[start.byte..end_of_text].chars() {
            if place.unit >= excess && place.byte > start.byte {
                break;
            }
            place = CutPoint { byte: place.byte + c.len_utf8(), unit: place.unit + c.len_utf16() };
        }
        Some(place)
    }

    fn best_cut(&self, start: CutPoint, stop: CutPoint) -> CutPoint {
        let text = &self.rich.text;
        let size = stop.byte - start.byte;
        let (quarter, half) = (start.byte + size / 4, start.byte + size / 2);
        let visible = start.byte + (text[start.byte..].len() - text[start.byte..].trim_start().len());
        let entities = self.entities_after(start.unit).take_while(|entity| entity.offset <= stop.unit + 1);
        let blocks: Vec<&Entity> = entities.filter(|entity| is_block(&entity.kind)).collect();
        let mut next_block = 0;
        let mut cuts = Cuts::default();
        let mut line_start = start;
        let mut place = start;
        let mut clusters = Clusters::default();
        for c in text[start.byte..].chars() {
            if c == '\n' && place.byte > visible {
                while blocks.get(next_block).is_some_and(|block| block.end() <= place.unit) {
                    next_block += 1;
                }
                let block = blocks.get(next_block).filter(|block| block.offset < place.unit);
                let touches = |unit: usize| {
                    blocks[next_block.saturating_sub(1)..]
                        .iter()
                        .take(2)
                        .any(|b| b.offset == unit || b.end() + 1 == unit)
                };
                let after = &text[place.byte + 1..];
                cuts.any_line = Some(place);
                if block.is_some() {
                    let flush = !after.starts_with([' ', '\t', '}', ')', ']']);
                    cuts.code_line = Some(place).filter(|p| p.byte >= quarter).or(cuts.code_line);
                    cuts.code_block = Some(place).filter(|p| flush && p.byte >= half).or(cuts.code_block);
                } else if place.byte >= quarter {
                    cuts.line = Some(place);
                    let border = after.starts_with('\n') || touches(place.unit + 1);
                    if border && !self.is_heading(line_start, place) {
                        cuts.block = Some(place);
                    }
                }
            } else if c.is_whitespace() && place.byte > visible && place.byte >= half {
                cuts.word = Some(place);
            }
            if clusters.begins_with(c) && place.byte > visible {
                cuts.any = Some(place);
            }
            if place.byte >= stop.byte {
                break;
            }
            place = CutPoint { byte: place.byte + c.len_utf8(), unit: place.unit + c.len_utf16() };
            if c == '\n' {
                line_start = place;
            }
        }
        let ordered = [cuts.block, cuts.line, cuts.code_block, cuts.code_line, cuts.word, cuts.any_line];
        let near = |cut: &CutPoint| place.byte - cut.byte < 256;
        ordered.into_iter().flatten().next().or(cuts.any.filter(near)).unwrap_or(stop)
    }

    /// Returns whether the line is bold from end to end: a heading, which stays with the text below it.
    fn is_heading(&self, start: CutPoint, end: CutPoint) -> bool {
        self.entities_after(start.unit)
            .take_while(|entity| entity.offset <= start.unit)
            .any(|entity| entity.kind == EntityKind::Bold && entity.end() >= end.unit)
    }

    /// Returns the text between two positions with its formatting, without white space at its end.
    fn part(&self, start: CutPoint, end: CutPoint) -> RichText {
        let text = self.rich.text[start.byte..end.byte].trim_end();
        let last = advance(start, text).unit;
        let entities = self
            .entities_after(start.unit)
            .take_while(|entity| entity.offset < last)
            .take(self.limits.entities)
            .map(|entity| {
                let offset = entity.offset.max(start.unit);
                let length = entity.end().min(last) - offset;
                Entity { offset: offset - start.unit, length, kind: entity.kind.clone() }
            })
            .collect();
        RichText { text: text.to_owned(), entities }
    }
}

/// Recognises where visible characters begin, so that families, flags and accents are not cut.
#[derive(Default)]
struct Clusters {
    after_joiner: bool,
    /// Consecutive letters of flags; two make a flag.
    flag_letters: usize,
}

impl Clusters {
    /// Returns whether the next character begins a visible one.
    fn begins_with(&mut self, c: char) -> bool {
        let code = u32::from(c);
        let flag_letter = matches!(code, 0x1f1e6..=0x1f1ff);
        let extends =
            matches!(code, 0x300..=0x36f | 0x200d | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff);
        let ends_flag = flag_letter && self.flag_letters % 2 == 1;
        let begins = !(extends || self.after_joiner || ends_flag);
        self.after_joiner = c == '\u{200d}';
        self.flag_letters = if flag_letter { self.flag_letters + 1 } else { 0 };
        begins
    }
}
