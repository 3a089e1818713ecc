//! What must be true of one text: Telegram accepts its parts, they join to the whole, its words are readable.

use proptest::prelude::*;

use crate::rendering::entities::{Entity, EntityKind, RichText};
use crate::rendering::{Limits, Stream, render, split, visible};

/// Returns the reason why Telegram would reject or change the formatting.
fn fault(rich: &RichText) -> Option<String> {
    let units: Vec<u16> = rich.text.encode_utf16().collect();
    let inside_pair = |at: usize| units.get(at).is_some_and(|unit| (0xdc00..0xe000).contains(unit));
    let mut open: Vec<&Entity> = Vec::new();
    let mut last = (0, usize::MAX);
    for entity in &rich.entities {
        let (start, end) = (entity.offset, entity.end());
        if entity.length == 0 || end > units.len() || inside_pair(start) || inside_pair(end) {
            return Some(format!("out of place: {entity:?}"));
        }
        let covered = slice(&rich.text, start, end);
        let is_code = |kind: &EntityKind| matches!(kind, EntityKind::Code | EntityKind::Pre { .. });
        let holds_code =
            entity.kind == EntityKind::Blockquote && rich.entities.iter().any(|e| is_code(&e.kind));
        if covered.trim().is_empty() || (!is_code(&entity.kind) && !holds_code && covered.trim() != covered) {
            return Some(format!("blank ends: {entity:?} {covered:?}"));
        }
        if start < last.0 || (start == last.0 && end > last.1) {
            return Some(format!("not sorted: {entity:?}"));
        }
        last = (start, end);
        open.retain(|outer| outer.end() > start);
        for outer in &open {
            let both_quotes = outer.kind == EntityKind::Blockquote && entity.kind == EntityKind::Blockquote;
            let link = |kind: &EntityKind| matches!(kind, EntityKind::TextLink { .. });
            let both_links = link(&outer.kind) && (link(&entity.kind) || is_code(&entity.kind));
            if outer.end() < end
                || is_code(&outer.kind)
                || both_quotes
                || both_links
                || outer.kind == entity.kind
            {
                return Some(format!("{entity:?} inside {outer:?}"));
            }
            let block = |kind: &EntityKind| matches!(kind, EntityKind::Blockquote | EntityKind::Pre { .. });
            if block(&entity.kind) && outer.kind != EntityKind::Blockquote {
                return Some(format!("block {entity:?} inside {outer:?}"));
            }
        }
        open.push(entity);
    }
    None
}

/// Returns whether the parts, in order, are the text except for white space around the cuts.
fn joins(whole: &RichText, parts: &[RichText]) -> bool {
    let mut rest = whole.text.as_str();
    parts.iter().all(|part| {
        let at = rest.find(part.text.as_str()).filter(|&at| rest[..at].trim().is_empty());
        at.is_some_and(|at| {
            rest = &rest[at + part.text.len()..];
            true
        })
    }) && rest.trim().is_empty()
}

pub(super) fn check(markdown: &str) -> Result<(), TestCaseError> {
    let whole = render(markdown);
    prop_assert_eq!(fault(&whole), None, "{:?} -> {:?}", markdown, whole);
    for (limit, max) in [(1, 1), (7, 3), (40, 100)] {
        let parts = split(&whole, limit, max);
        prop_assert!(joins(&whole, &parts), "{:?} -> {:?}", whole.text, parts);
        for part in &parts {
            prop_assert_eq!(fault(part), None, "{:?} -> {:?}", markdown, part);
            prop_assert!(part.code_points() <= limit && part.entities.len() <= max, "{:?}", part);
            prop_assert!(!part.text.trim().is_empty() && part.text.trim_end() == part.text, "{:?}", part);
            let in_code = part.entities.first().is_some_and(|first| first.offset == 0);
            prop_assert!(in_code || part.text.trim_start() == part.text, "{:?}", part);
        }
    }
    Ok(())
}

/// Streams the text in chunks of these numbers of characters, repeated until it ends.
pub(super) fn stream_in(
    markdown: &str,
    chunks: &[usize],
    limits: Limits,
) -> Result<Vec<RichText>, TestCaseError> {
    let chars: Vec<char> = markdown.chars().collect();
    let mut stream = Stream::new(limits);
    let mut at = 0;
    for size in chunks.iter().cycle() {
        if at >= chars.len() {
            break;
        }
        let end = (at + size).min(chars.len());
        stream.push(&chars[at..end].iter().collect::<String>());
        at = end;
        for part in stream.head() {
            prop_assert_eq!(fault(&part), None, "{:?} -> {:?}", &chars[..at], part);
        }
    }
    Ok(stream.finish())
}

/// Returns the words of the text that must be readable in the result: all except those in info strings of
/// fences (the rest of a line behind three ticks or tildes), in commands and tags, and `https` of targets.
pub(super) fn readable_words(markdown: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in visible(markdown).lines() {
        let fence = ["```", "~~~"].iter().filter_map(|ticks| line.find(ticks)).min().unwrap_or(line.len());
        let kept = [
            "&amp;",
            "\\frac{a}{b}",
            "https",
            "javascript",
            "<br>",
            "<sub>2</sub>",
            "<sup>n+1</sup>",
            "</sub>",
        ];
        let tags =
            ["<kbd>", "</kbd>", "<code>", "</code>", "<details>", "<summary>", "</summary>", "</details>"];
        let kept =
            kept.iter().chain(&tags).fold(line[..fence].to_owned(), |line, syntax| line.replace(syntax, " "));
        words.extend(
            kept.split(|c: char| !c.is_alphabetic()).filter(|w| w.chars().count() > 1).map(str::to_owned),
        );
    }
    words
}

pub(super) fn is_address(rich: &RichText, word: &str) -> bool {
    let holds = |kind: &EntityKind| matches!(kind, EntityKind::TextLink { url } if url.contains(word));
    rich.entities.iter().any(|entity| holds(&entity.kind))
}

/// Returns the piece of the text between two UTF-16 offsets.
pub(super) fn slice(text: &str, start: usize, end: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16_lossy(&units[start..end])
}
