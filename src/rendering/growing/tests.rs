//! The parts of a growing answer.

use super::*;

#[test]
fn parts_are_handed_out_once_and_in_order() {
    let words: Vec<String> = (1..=2_000).map(|n| format!("word{n}")).collect();
    let text = words.chunks(40).map(|paragraph| paragraph.join(" ")).collect::<Vec<_>>().join("\n\n");
    let whole = super::super::split(&super::super::render(&text), 4096, 100);
    let mut growing = Growing::default();
    let mut parts = Vec::new();
    for chunk in text.as_bytes().chunks(17) {
        growing.push(std::str::from_utf8(chunk).unwrap());
        parts.extend(std::iter::from_fn(|| growing.take_part()));
    }
    assert!(!parts.is_empty(), "a long answer is outgrown on the way");
    parts.extend(growing.finish());
    assert_eq!(parts, whole);
}

#[test]
fn parts_without_anything_to_read_are_left_out() {
    let invisible = "\u{200b}".repeat(9_000);
    let mut growing = Growing::default();
    growing.push(&format!("{invisible}\n\nwords\n\n{invisible}\n\n"));
    let taken: Vec<RichText> = std::iter::from_fn(|| growing.take_part()).collect();
    let shown = growing.current();
    let parts: Vec<RichText> = taken.into_iter().chain(growing.finish()).collect();
    assert!(parts.iter().any(|part| part.text.contains("words")));
    assert!(parts.iter().chain(&shown).all(|part| !is_blank(&part.text)));
}

#[test]
fn blank_answers_are_not_shown() {
    let mut growing = Growing::default();
    growing.push("\u{200b}\u{2800}");
    assert!(growing.is_blank());
    assert_eq!(growing.current(), None);
    let mut growing = Growing::default();
    growing.push(" \n");
    assert!(growing.is_blank());
    growing.push("x");
    assert!(!growing.is_blank());
    assert_eq!(growing.current().unwrap().text, "x");
}
