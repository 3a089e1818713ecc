//! Entities that cross, nest and touch.

use super::*;

fn spans(list: &[(Range<usize>, EntityKind)]) -> Vec<Span> {
    list.iter().map(|(range, kind)| Span { range: range.clone(), kind: kind.clone() }).collect()
}

fn shown(text: &str, list: &[(Range<usize>, EntityKind)]) -> String {
    let entities = normalize(text, spans(list));
    let shown: Vec<_> = entities.iter().map(|e| format!("{:?} {}+{}", e.kind, e.offset, e.length)).collect();
    shown.join(", ")
}

#[test]
fn crossing_styles_are_cut_so_that_they_nest() {
    assert_eq!(
        shown("abcdef", &[(0..4, EntityKind::Bold), (2..6, EntityKind::Italic)]),
        "Bold 0+4, Italic 2+2, Italic 4+2"
    );
}

#[test]
fn code_drives_styles_out_and_a_link_drives_code_out() {
    assert_eq!(
        shown("ab cd ef", &[(0..8, EntityKind::Bold), (3..5, EntityKind::Code)]),
        "Bold 0+2, Code 3+2, Bold 6+2"
    );
    let url = || EntityKind::TextLink { url: "https://a.b".into() };
    assert_eq!(
        shown("ab cd", &[(0..5, url()), (3..5, EntityKind::Code)]),
        "TextLink { url: \"https://a.b\" } 0+5"
    );
}

#[test]
fn neighbours_of_one_look_are_merged_and_blank_ends_are_left_out() {
    assert_eq!(shown(" 😀b ", &[(0..5, EntityKind::Bold), (5..7, EntityKind::Bold)]), "Bold 1+3");
    assert_eq!(shown("   ", &[(0..3, EntityKind::Bold)]), "");
}

#[test]
fn a_style_that_leaves_a_quote_is_cut_at_its_border() {
    assert_eq!(
        shown("abcd", &[(0..2, EntityKind::Blockquote), (1..4, EntityKind::Spoiler)]),
        "Blockquote 0+2, Spoiler 1+1, Spoiler 2+2"
    );
}
