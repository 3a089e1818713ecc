//! What is prose: it renders as the parser would render it.

use proptest::prelude::*;

use super::super::entities::RichText;
use super::super::markdown::parse_block;
use super::super::segments::BlockKind;
use super::prose;

#[test]
fn what_may_be_markup_is_no_prose() {
    for markup in [
        "",
        "\n",
        " word\n",
        "1. word\n",
        "- word\n",
        "> word\n",
        "# word\n",
        "two\nlines\n",
        "a*b*\n",
        "a_b_\n",
        "`a`\n",
        "a [b](c)\n",
        "a | b\n",
        "a <b>\n",
        "a & b\n",
        "a\\b\n",
        "a $b$\n",
        "a ~~b~~\n",
        "a: b\n",
        "a\tb\n",
        "https://a.b\n",
        "e\u{301}\n",
        "a 😀\n",
    ] {
        assert_eq!(prose(markup), None, "{markup:?}");
    }
    assert_eq!(prose("Word  \n"), Some("Word"));
    assert_eq!(prose("Слово, «два»"), Some("Слово, «два»"));
}

proptest! {
    #[test]
    fn prose_is_what_the_parser_makes_of_it(
        words in proptest::collection::vec("[A-Za-zа-яё中0-9 ,.;?'\"()%–—…’‘“”„«»-]{0,12}", 1..8),
    ) {
        let source = format!("{}\n", words.concat());
        if let Some(text) = prose(&source) {
            prop_assert_eq!(parse_block(&source, BlockKind::Plain, &mut None), RichText::plain(text));
        }
    }
}
