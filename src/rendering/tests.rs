//! Tests with the corpus, and of splitting, streaming, long texts, and the rendered texts in TDLib.

use std::io::Write;
use std::process::{Command, Stdio};

use super::corpus::samples;
use super::entities::{Entity, EntityKind, RichText, utf16_len};
use super::{Limits, Stream, render, split};

/// Formats entities in the notation of the corpus: `bold 0+4; pre:rust 6+9`.
pub(super) fn notation(entities: &[Entity]) -> String {
    let one = |entity: &Entity| {
        let name = match &entity.kind {
            EntityKind::Bold => "bold".to_owned(),
            EntityKind::Italic => "italic".to_owned(),
            EntityKind::Underline => "underline".to_owned(),
            EntityKind::Strikethrough => "strike".to_owned(),
            EntityKind::Spoiler => "spoiler".to_owned(),
            EntityKind::Code => "code".to_owned(),
            EntityKind::Pre { language: None } => "pre".to_owned(),
            EntityKind::Pre { language: Some(language) } => format!("pre:{language}"),
            EntityKind::TextLink { url } => format!("link:{url}"),
            EntityKind::Blockquote => "quote".to_owned(),
            EntityKind::ExpandableBlockquote => "folded".to_owned(),
        };
        format!("{name} {}+{}", entity.offset, entity.length)
    };
    entities.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[test]
fn every_sample_comes_out_as_the_corpus_says() {
    let mut wrong = Vec::new();
    for (name, markdown, text, entities) in samples() {
        let rich = render(markdown);
        if (rich.text.as_str(), notation(&rich.entities).as_str()) != (text, entities) {
            wrong.push(format!("{name}:\n  {:?}\n  {}", rich.text, notation(&rich.entities)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(samples().count() >= 60);
}

fn parts_of(text: &str, limit: usize) -> Vec<(String, String)> {
    let parts = split(&render(text), limit, 100);
    parts.into_iter().map(|part| (part.text, notation(&part.entities))).collect()
}

fn owned(parts: &[(&str, &str)]) -> Vec<(String, String)> {
    parts.iter().map(|(text, entities)| ((*text).to_owned(), (*entities).to_owned())).collect()
}

#[test]
fn a_cut_prefers_blocks_then_lines_then_words() {
    assert_eq!(
        parts_of("one two\n\nthree four\nfive", 16),
        owned(&[("one two", ""), ("three four\nfive", "")])
    );
    assert_eq!(parts_of("three four\nfive six", 16), owned(&[("three four", ""), ("five six", "")]));
    assert_eq!(
        parts_of("**three four five**", 12),
        owned(&[("three four", "bold 0+10"), ("five", "bold 0+4")])
    );
    assert_eq!(parts_of("abcdefgh", 5), owned(&[("abcde", ""), ("fgh", "")]));
}

#[test]
fn code_and_quotes_go_on_in_the_next_part() {
    let code = "```rust\nfn a() {\n    one();\n}\nfn b() {}\n```";
    assert_eq!(
        parts_of(code, 24),
        owned(&[("fn a() {\n    one();\n}", "pre:rust 0+21"), ("fn b() {}", "pre:rust 0+9")])
    );
    let indented = "```\naaaaaaaaaaaa\n    bbbbbb\n```";
    assert_eq!(parts_of(indented, 14), owned(&[("aaaaaaaaaaaa", "pre 0+12"), ("    bbbbbb", "pre 0+10")]));
    assert_eq!(
        parts_of("> one two\n> three", 10),
        owned(&[("one two", "quote 0+7"), ("three", "quote 0+5")])
    );
}

#[test]
fn a_heading_stays_with_its_section() {
    assert_eq!(
        parts_of("aaaa bbbb\n\n# Head\n\ncccc dddd", 20),
        owned(&[("aaaa bbbb", ""), ("Head\n\ncccc dddd", "bold 0+4")])
    );
}

#[test]
fn no_part_has_more_entities_than_allowed() {
    let parts = split(&render(&"**b** c ".repeat(25)), 4096, 10);
    let counts: Vec<usize> = parts.iter().map(|part| part.entities.len()).collect();
    assert_eq!(counts, [10, 10, 5]);
}

#[test]
fn flags_and_families_are_not_cut_in_half() {
    let text = "👨‍👩‍👧‍👦🇩🇪🇫🇷".repeat(3);
    for limit in 8..30 {
        let parts = split(&RichText::plain(text.clone()), limit, 100);
        assert_eq!(parts.iter().map(|part| part.text.as_str()).collect::<String>(), text);
        for part in parts {
            assert!(!part.text.starts_with('\u{200d}'), "{limit}: {}", part.text);
            let letters = part.text.chars().filter(|c| ('\u{1f1e6}'..='\u{1f1ff}').contains(c)).count();
            assert_eq!(letters % 2, 0, "{limit}: {}", part.text);
        }
    }
}

/// Returns the head after each delta.
fn heads(deltas: &[&str]) -> Vec<String> {
    let mut stream = Stream::new(Limits::MESSAGE);
    let show = |delta: &&str| {
        stream.push(delta);
        let parts = stream.head();
        let shown = parts.iter().map(|part| format!("{} [{}]", part.text, notation(&part.entities)));
        shown.collect::<Vec<_>>().join(" // ")
    };
    deltas.iter().map(show).collect()
}

#[test]
fn unfinished_markup_is_completed_or_held_back() {
    assert_eq!(
        heads(&["a **bo", "ld*", "* `co", "de`", " [li", "nk", "](htt", "ps://a.b)"]),
        [
            "a bo [bold 2+2]",
            "a bold [bold 2+4]",
            "a bold co [bold 2+4; code 7+2]",
            "a bold code [bold 2+4; code 7+4]",
            "a bold code [bold 2+4; code 7+4]",
            "a bold code [bold 2+4; code 7+4]",
            "a bold code link [bold 2+4; code 7+4]",
            "a bold code link [bold 2+4; code 7+4; link:https://a.b 12+4]",
        ]
    );
    assert_eq!(
        heads(&["```", "ru", "st\nfn", " x\n``", "`\n", "#", "# He", "ad\n1", ". it"]),
        [
            " []",
            " []",
            "fn [pre:rust 0+2]",
            "fn x [pre:rust 0+4]",
            "fn x [pre:rust 0+4]",
            "fn x [pre:rust 0+4]",
            "fn x\n\nHe [pre:rust 0+4; bold 6+2]",
            "fn x\n\nHead [pre:rust 0+4; bold 6+4]",
            "fn x\n\nHead\n1. it [pre:rust 0+4; bold 6+4]",
        ]
        .map(|shown| if shown == " []" { "" } else { shown })
    );
    assert_eq!(
        heads(&["x \\(a^", "2\\) y", " | z\n\n| h |", "\n|--", "-|\n| c |"])[..2],
        ["x []", "x a² y []"]
    );
}

#[test]
fn unfinished_elements_of_html_are_completed_or_held_back() {
    assert_eq!(
        heads(&["a <", "b>bo", "ld</", "b> x<sup", ">2", "</sup>", " Vec<", "i> y"]),
        [
            "a []",
            "a bo [bold 2+2]",
            "a bold [bold 2+4]",
            "a bold x [bold 2+4]",
            "a bold x² [bold 2+4]",
            "a bold x² [bold 2+4]",
            "a bold x² Vec [bold 2+4]",
            "a bold x² Vec<i> y [bold 2+4]",
        ]
    );
}

#[test]
fn an_ordinary_answer_only_ever_grows() {
    let text = "# Title\n\nSome **bold *and* more** with `code`, ~~old~~ and a [link](https://a.b/c?d=e).\n\n\
        1. **One**: \\(x^2\\)\n2. Two\n   - below\n\n   ```py\n   def f():\n       return '`'\n   ```\n\n\
        > A quote, *short*.\n\n```rust\nlet a = b * c;\n```\n\n$$\n\\frac{1}{2}\n$$\n\n---\n\n- [the end](https://a.b)";
    let mut stream = Stream::new(Limits::MESSAGE);
    let mut last = String::new();
    for c in text.chars() {
        stream.push(c.encode_utf8(&mut [0; 4]));
        let shown = stream.head().into_iter().map(|part| part.text).collect::<String>();
        assert!(shown.starts_with(&last), "{last:?} -> {shown:?}");
        last = shown;
    }
    assert_eq!(last, render(text).text);
}

#[test]
fn settled_messages_are_final_and_the_last_one_grows() {
    let text = format!("{}\n\n```py\n{}```\n\n**end** 😀", "word ".repeat(30), "line = 'x'\n".repeat(30));
    let limits = Limits { code_points: 100, entities: 10 };
    let mut stream = Stream::new(limits);
    let mut settled = Vec::new();
    for c in text.chars() {
        stream.push(c.encode_utf8(&mut [0; 4]));
        assert_eq!(stream.settled()[..settled.len()], settled);
        settled = stream.settled().to_vec();
        assert!(stream.head().iter().all(|part| part.code_points() <= limits.code_points));
    }
    assert!(settled.len() > 4);
    assert_eq!(stream.finish(), split(&render(&text), limits.code_points, limits.entities));
}

#[test]
fn a_long_piece_without_borders_is_complete_in_the_end() {
    let text = "| a | b |\n|---|---|\n".to_owned() + &"| cell | another |\n".repeat(3000);
    let mut stream = Stream::new(Limits::MESSAGE);
    let mut longest = 0;
    for line in text.split_inclusive('\n') {
        stream.push(line);
        let length: usize = stream.head().iter().map(RichText::code_points).sum();
        assert!(length >= longest);
        longest = length;
    }
    assert_eq!(stream.finish(), split(&render(&text), 4096, 100));
}

/// TDLib, whose code Telegram's servers share, must accept every rendered text and read the same text and
/// entities from an equivalent HTML.
#[test]
fn tdlib_agrees_with_every_sample() {
    let Some(venv) = std::env::var_os("JUDGES_VENV") else {
        let _ = writeln!(std::io::stderr(), "skipped: JUDGES_VENV is not set (a venv with tdjson==1.8.69)");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judges/tdlib_entities.py");
    let mut judge = Command::new(std::path::Path::new(&venv).join("bin/python"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the judge starts");
    let mut input = judge.stdin.take().expect("stdin is piped");
    let mut sent = 0;
    for (_, markdown, ..) in samples() {
        let whole = render(markdown);
        let parts = split(&whole, 20, 5);
        for rich in parts.iter().chain([&whole]).filter(|rich| !rich.text.is_empty()) {
            writeln!(input, "{}", judged(rich)).expect("the judge reads");
            sent += 1;
        }
    }
    drop(input);
    let output = judge.wait_with_output().expect("the judge ends");
    let verdict = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{verdict}");
    assert_eq!(verdict.trim(), format!("{sent} judged, 0 refused"));
}

/// Returns the message as TDLib's checker reads it: text and entities as sent to Telegram, each entity with
/// an extra field `detail` that repeats its URL or language.
fn judged(rich: &RichText) -> serde_json::Value {
    let mut entities = rich.wire_entities();
    for entity in entities.as_array_mut().unwrap() {
        entity["detail"] = entity.get("url").or_else(|| entity.get("language")).cloned().unwrap_or_default();
    }
    assert!(rich.entities.iter().all(|entity| entity.end() <= utf16_len(&rich.text)));
    serde_json::json!({"text": rich.text, "entities": entities})
}
