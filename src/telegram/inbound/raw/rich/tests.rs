//! Blocks as Markdown.

use serde_json::{Value, json};

use super::*;

fn rich(blocks: &Value) -> Option<Rich> {
    let message = json!({"rich_message": {"blocks": blocks}}).to_string();
    read(&Fields::of(&message).unwrap())
}

#[test]
fn blocks_become_markdown() {
    let blocks = json!([
        {"type": "heading", "size": 2, "text": ["A ", {"type": "bold", "text": "plan"}]},
        {"type": "paragraph", "text": {"type": "mention", "text": "@bot", "username": "bot"}},
        {"type": "list", "items": [
            {"label": "1.", "blocks": [{"type": "paragraph", "text": "one"}], "has_checkbox": true, "is_checked": true},
            {"blocks": [{"type": "paragraph", "text": "two"}]}]},
        {"type": "blockquote", "blocks": [{"type": "paragraph", "text": "a\nb"}], "credit": "C"},
        {"type": "table", "cells": [[{"text": "x"}, {"text": "y"}], [{"text": "1"}, {}]]},
        {"type": "pre", "language": "rust", "text": "fn main() {}"},
        {"type": "mathematical_expression", "expression": "x^2"},
        {"type": "photo", "photo": [{"file_id": "f"}], "caption": {"text": "below"}},
        {"type": "of_tomorrow", "text": [{"type": "url", "text": "here", "url": "https://a.b"}], "blocks": [5]},
        7,
    ]);
    let Rich { words, file } = rich(&blocks).unwrap();
    let expected = "## A plan\n\n@bot\n\n1. [x] one\n- two\n\n> a\n> b\n> C\n\n| x | y |\n| 1 |  |\n\n\
        ```rust\nfn main() {}\n```\n\n$$x^2$$\n\n[photo]\nbelow\n\n[here](https://a.b)";
    assert_eq!(words.text, expected);
    assert_eq!(words.mentions.len(), 1);
    assert_eq!(file.unwrap().id, "f");
}

#[test]
fn endless_nesting_has_an_end_and_nonsense_is_nothing() {
    let mut block = json!({"type": "paragraph", "text": "deep"});
    for _ in 0..DEPTH {
        block = json!({"type": "details", "summary": "s", "blocks": [block]});
    }
    assert!(rich(&json!([block])).is_some_and(|rich| !rich.words.text.contains("deep")));
    for blocks in [json!([]), json!(5), json!([{"type": "paragraph"}]), Value::Null] {
        assert!(rich(&blocks).is_none(), "{blocks}");
    }
}
