//! What is an HTML element, and where it ends.

use super::*;

#[test]
fn only_bare_tags_of_known_elements_are_tags() {
    for (text, length) in [
        ("<br>x", 4),
        ("<BR />", 6),
        ("<br/>", 5),
        ("<b>", 3),
        ("</Strong >", 10),
        ("<kbd>", 5),
        ("<details open>", 14),
    ] {
        assert_eq!(tag(text).map(|tag| tag.length), Some(length), "{text}");
    }
    for text in ["<", "<b", "< b>", "<b c>", "<b/>", "</br>", "<div>", "<bold>", "<i, s>", "<b\n>", "<>"] {
        assert_eq!(tag(text), None, "{text}");
    }
    assert!(["<", "</", "<str", "</de", "<br /"].iter().all(|text| may_become_tag(text)));
    assert!(["< ", "<x", "<b ", "<strong "].iter().all(|text| !may_become_tag(text)));
}

#[test]
fn an_element_that_begins_twice_has_no_end() {
    let bold = tag("<b>").unwrap();
    for (text, at) in [
        ("x</b>", Some(Next::End(1))),
        ("<i>x</i></B>", Some(Next::End(8))),
        ("x", None),
        ("x<b>y</b>", Some(Next::Again)),
    ] {
        assert_eq!(next(&bold, text), at, "{text}");
    }
}
