//! Properties of every text: Telegram accepts the entities, no readable text is lost, code is unchanged, the
//! parts join to the whole, and streaming gives the same result as the renderer.

use proptest::prelude::*;

use super::corpus::samples;
use super::entities::{EntityKind, RichText};
use super::references::Definition;
use super::{Limits, Stream, render, split, visible};

/// Pieces of Markdown whose combinations give every construct, complete and broken.
const FRAGMENTS: [&str; 96] = [
    "word",
    "два",
    "中文",
    "عالم",
    "😀",
    "👨‍👩‍👧",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "\n\n",
    "*",
    "**",
    "***",
    "_",
    "__",
    "~~",
    "~",
    "`",
    "``",
    "```",
    "\n```rust\n",
    "\n```\n",
    "\n~~~\n",
    "\n  ```\n",
    "\n- ",
    "\n  - ",
    "\n    - ",
    "\n1. ",
    "\n2) ",
    "\n   ",
    "\n    ",
    "\n> ",
    "\n> > ",
    "\n# ",
    "\n### ",
    "\n---\n",
    "\n===\n",
    "\n| a | b |\n|---|:-:|\n| c | d |\n",
    "|",
    "||",
    "[",
    "]",
    "](https://a.b/c_d_e)",
    "](javascript:x)",
    "](",
    ")",
    "![",
    "<https://a.b>",
    "https://a.b/x_y_z",
    "<b>",
    "</b>",
    "<br>",
    "<",
    "&amp;",
    "&",
    "\\",
    "\\*",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "$",
    "$$",
    "x^2",
    "\\frac{a}{b}",
    "{",
    "}",
    "[^1]",
    "\n[^1]: ",
    "- [ ] ",
    "\t",
    ":",
    "<i>",
    "</i>",
    "</sub>",
    "<sub>2</sub>",
    "<sup>n+1</sup>",
    "<kbd>",
    "</kbd>",
    "<code>",
    "</code>",
    "\n<details>\n",
    "<summary>",
    "</summary>",
    "</details>\n",
    "*.log",
    "**/*",
    "/*.rs",
    "C:\\x\\*.y",
    "\\",
    "[x]",
    "[y][x]",
    "\n[x]: https://a.b/c\n",
    "\n> > > ",
];

/// Characters that often cause faults: private and unassigned ones, and those that have no width, change the
/// direction of text, end lines, are control characters, combine, need two UTF-16 units, or change their
/// length with their case.
const ODD: [&str; 41] = [
    "\u{e000}",
    "\u{f8ff}",
    "\u{f0000}",
    "\u{f0001}",
    "\u{f0002}",
    "\u{fffff}",
    "\u{10fffd}",
    "\u{10ffff}",
    "\u{ffff}",
    "\u{fffd}",
    "\u{378}",
    "\u{2065}",
    "\u{ad}",
    "\u{200b}",
    "\u{200c}",
    "\u{200d}",
    "\u{2060}",
    "\u{feff}",
    "\u{fe0f}",
    "\u{200e}",
    "\u{200f}",
    "\u{202e}",
    "\u{2066}",
    "\u{2069}",
    "\u{2028}",
    "\u{2029}",
    "\u{85}",
    "\u{a0}",
    "\u{3000}",
    "\r",
    "\0",
    "\u{1}",
    "\u{b}",
    "\u{c}",
    "\u{7f}",
    "\u{301}",
    "\u{30a}",
    "🇩🇪",
    "\u{1f3fd}",
    "𝒳",
    "İ",
];

/// Generates strings of Markdown, some of them with odd characters at any position.
fn markdownish() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(FRAGMENTS.to_vec());
    let odd = prop::sample::select(ODD.to_vec());
    let usual = prop::collection::vec(fragment.clone(), 0..40);
    let odder = prop::collection::vec(prop_oneof![3 => fragment, 1 => odd], 0..30);
    prop_oneof![usual, odder].prop_map(|parts| parts.concat())
}

/// Generates code with characters that Telegram keeps; the last one is visible.
fn code() -> impl Strategy<Value = String> {
    "[ -~\\n\\tа-я😀\u{a0}\u{85}\u{301}\u{200b}-\u{200f}\u{feff}\u{e000}\u{f0000}-\u{f0003}\u{10ffff}]{0,60}[a-z]"
}

/// Returns the reason why Telegram would reject or change the formatting.
fn fault(rich: &RichText) -> Option<String> {
    let units: Vec<u16> = rich.text.encode_utf16().collect();
    let inside_pair = |at: usize| units.get(at).is_some_and(|unit| (0xdc00..0xe000).contains(unit));
    let mut open: Vec<&super::Entity> = Vec::new();
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

fn check(markdown: &str) -> Result<(), TestCaseError> {
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
fn stream_in(markdown: &str, chunks: &[usize], limits: Limits) -> Result<Vec<RichText>, TestCaseError> {
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
fn readable_words(markdown: &str) -> Vec<String> {
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

fn is_address(rich: &RichText, word: &str) -> bool {
    let holds = |kind: &EntityKind| matches!(kind, EntityKind::TextLink { url } if url.contains(word));
    rich.entities.iter().any(|entity| holds(&entity.kind))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: ProptestConfig::default().cases.max(1500), ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_valid_messages(markdown in markdownish()) {
        check(&markdown)?;
    }

    #[test]
    fn any_characters_give_valid_messages(markdown in "\\PC{0,80}") {
        check(&markdown)?;
    }

    #[test]
    fn nothing_readable_is_lost(markdown in markdownish()) {
        let whole = render(&markdown);
        let mut rest = whole.text.as_str();
        for word in readable_words(&markdown) {
            match rest.find(&word) {
                Some(at) => rest = &rest[at + word.len()..],
                // Tapping a link shows its address.
                None => prop_assert!(is_address(&whole, &word), "{word:?} of {markdown:?} is not in {whole:?}"),
            }
        }
    }

    #[test]
    fn a_stream_ends_as_the_whole_does(
        markdown in markdownish(),
        chunks in prop::collection::vec(1usize..9, 1..5),
        limit in 5usize..60,
    ) {
        let limits = Limits { code_points: limit, entities: 4 };
        let streamed = stream_in(&markdown, &chunks, limits)?;
        let mut at_once = Stream::new(limits);
        at_once.push(&markdown);
        prop_assert_eq!(&streamed, &at_once.finish(), "{:?}", markdown);
        // Links by reference are made when the messages are cut.
        if !visible(&markdown).lines().any(|line| Definition::of(line).is_some()) {
            prop_assert_eq!(streamed, split(&render(&markdown), limit, 4), "{:?}", markdown);
        }
    }

    #[test]
    fn code_is_untouched(code in code(), after in markdownish()) {
        let code = code.replace("~~~", "");
        let prefixed = |prefix: &str| code.replace('\n', &format!("\n{prefix}"));
        let fenced = format!("~~~text\n{code}\n~~~\nafter");
        let listed = format!("1. ~~~text\n   {}\n   ~~~\nafter", prefixed("   "));
        let quoted = format!("> ~~~text\n> {}\n> ~~~\nafter", prefixed("> "));
        for markdown in [fenced, listed, quoted] {
            let rich = render(&markdown);
            let pre = |entity: &&super::Entity| matches!(entity.kind, EntityKind::Pre { .. });
            let Some(pre) = rich.entities.iter().find(pre) else { return Err(TestCaseError::fail(markdown)) };
            prop_assert_eq!(slice(&rich.text, pre.offset, pre.end()), code.as_str(), "{:?}", markdown);
        }
        let (inline, after) = (code.replace(['`', '\n', '\t'], ""), after.replace(['`', '~'], ""));
        let rich = render(&format!("``{inline}`` {after}"));
        prop_assert!(rich.text.starts_with(&inline), "{:?}", rich);
    }
}

/// Returns the piece of the text between two UTF-16 offsets.
fn slice(text: &str, start: usize, end: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16_lossy(&units[start..end])
}

#[test]
fn every_prefix_of_the_corpus_gives_valid_messages() {
    for (name, markdown, ..) in samples() {
        for (end, _) in markdown.char_indices() {
            check(&markdown[..end]).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        }
    }
}

#[test]
fn the_corpus_streams_alike_in_any_chunks() {
    for (name, markdown, ..) in samples() {
        for chunks in [&[1][..], &[2, 3], &[7, 1, 5]] {
            let streamed =
                stream_in(markdown, chunks, Limits::MESSAGE).unwrap_or_else(|f| panic!("{name}: {f}"));
            assert_eq!(streamed, split(&render(markdown), 4096, 100), "{name}");
        }
    }
}
