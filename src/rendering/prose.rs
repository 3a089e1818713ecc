//! Paragraphs without markup, which is most of what a model writes. What such a line looks like is known
//! without a parser, however often the line is looked at while it grows.

/// The text of a piece that is one line of words; none if anything in it might be markup.
pub(super) fn prose(source: &str) -> Option<&str> {
    let line = source.strip_suffix('\n').unwrap_or(source);
    // What a line begins with decides what it is: a letter makes a paragraph.
    let words = line.starts_with(char::is_alphabetic) && line.chars().all(is_word);
    words.then(|| line.trim_end_matches(' '))
}

/// Characters that mean nothing but themselves behind a letter.
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
