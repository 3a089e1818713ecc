//! Paragraphs without markup, which is most of the text that models write. Such a line renders without a
//! parser, however often it is displayed while it grows.

/// Returns the text of a piece that is a single line of words, or `None` if it may contain markup.
pub(super) fn prose(source: &str) -> Option<&str> {
    let line = source.strip_suffix('\n').unwrap_or(source);
    // The first character decides the kind of a line: a letter begins a paragraph.
    let words = line.starts_with(char::is_alphabetic) && line.chars().all(is_word);
    words.then(|| line.trim_end_matches(' '))
}

/// Returns whether the character, behind a letter, can only be plain text.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, ' ' | ',' | '.' | ';' | '?' | '\'' | '"' | '(' | ')' | '-' | '%')
        || matches!(c, '–' | '—' | '…' | '’' | '‘' | '“' | '”' | '„' | '«' | '»')
}

#[cfg(test)]
mod tests {
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
}
