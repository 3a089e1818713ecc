//! Definitions of links, and the links that they make.

use super::super::tests::notation;
use super::super::{Limits, Stream, render};
use super::*;

#[test]
fn a_definition_is_a_name_and_an_address_on_a_line() {
    for line in [
        "[1]: https://a.b",
        "  [A  b]:  <https://a.b/c> ",
        "[x]: https://a.b \"T t\"",
        "[x]: https://a.b 'T'",
        "[x]:https://a.b (T)",
    ] {
        assert!(Definition::of(line).is_some(), "{line}");
    }
    for line in [
        "[1] https://a.b",
        "[]: https://a.b",
        "[^1]: https://a.b",
        "    [1]: https://a.b",
        "[1]: a note",
        "[1]: https://a.b and more",
        "[1]: docs/x.md",
        "[a][b]: https://a.b",
        "- [1]: https://a.b",
    ] {
        assert_eq!(Definition::of(line), None, "{line}");
    }
}

#[test]
fn only_what_is_defined_is_a_link() {
    let defined = |text: &str| {
        let rich = render(&format!("{text}\n\n[1]: https://a.b\n[The Name]: https://c.d"));
        let shown = rich.text.split("\n\n").next().unwrap_or_default().to_owned();
        (shown, notation(&rich.entities))
    };
    for (markdown, text, entities) in [
        ("a [b][1]", "a b", "link:https://a.b 2+1"),
        ("a [1], [2]", "a [1], [2]", "link:https://a.b 2+3"),
        ("😀 [**b** c][1] d", "😀 b c d", "link:https://a.b 3+3; bold 3+1"),
        ("**a [b][1] c**", "a b c", "bold 0+5; link:https://a.b 2+1"),
        ("[`x[1]`][1] `[1]`", "x[1] [1]", "link:https://a.b 0+4; code 5+3"),
        ("[the  NAME][] [the name]", "the  NAME the name", "link:https://c.d 0+9; link:https://c.d 10+8"),
        ("[a [b] c][1]", "a [b] c", "link:https://a.b 0+7"),
        ("x[1][2] [1](https://e.f)", "x[1][2] 1", "link:https://e.f 8+1"),
        ("[1]: no", "[1]: no", ""),
        ("[a\nb][1]", "[a\nb][1]", "link:https://a.b 5+3"),
    ] {
        assert_eq!(defined(markdown), (text.to_owned(), entities.to_owned()), "{markdown}");
    }
}

#[test]
fn a_message_that_has_left_stays_as_it_is() {
    let mut stream = Stream::new(Limits { code_points: 20, entities: 10 });
    stream.push("see [one][1] here\n\nand then [two][1]\n\n");
    stream.push("word word word\n\n");
    let left = stream.settled().to_vec();
    assert_eq!(left[0].text, "see [one][1] here");
    stream.push("[1]: https://a.b");
    assert_eq!(stream.head()[0].text, "and then [two][1]", "the line may grow");
    stream.push("/c\n");
    assert_eq!(stream.settled()[0], left[0]);
    let parts = stream.finish();
    let shown = parts.iter().map(|part| format!("{} [{}]", part.text, notation(&part.entities)));
    let expected = ["see [one][1] here []", "and then two [link:https://a.b/c 9+3]", "word word word []"];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn a_definition_that_nothing_refers_to_is_shown() {
    assert_eq!(
        render("Sources:\n[1]: https://a.b\n[2]: https://c.d").text,
        "Sources:\n[1]: https://a.b\n[2]: https://c.d"
    );
    assert_eq!(render("a [1]\n\n[1]: https://a.b\n\nc").text, "a [1]\n\nc");
}
