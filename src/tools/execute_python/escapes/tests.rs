//! Sequences, whole and broken off.

use super::*;

#[test]
fn sequences_go_and_text_stays() {
    for (text, expected) in [
        ("plain [text] \n", "plain [text] \n"),
        ("\u{1b}[0;31mred\u{1b}[0m ", "red "),
        ("\u{1b}[2K\r 10%", "\r 10%"),
        ("\u{1b}]0;title\u{7}text", "text"),
        ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("a\u{1b}(Bb", "aBb"),
        ("\u{1b}[31", ""),
        ("\u{1b}\u{1b}[1mx", "x"),
    ] {
        assert_eq!(Escapes::removed(text), expected, "{text:?}");
    }
}
