//! Properties of every text: Telegram accepts the entities, no readable text is lost, code is unchanged, the
//! parts join to the whole, and streaming gives the same result as the renderer.

mod checks;
mod generators;

use proptest::prelude::*;

use super::corpus::samples;
use super::entities::EntityKind;
use super::references::Definition;
use super::{Limits, Stream, render, split, visible};
use checks::{check, is_address, readable_words, slice, stream_in};
use generators::{code, markdownish};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: ProptestConfig::default().cases.max(1500), ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_valid_messages(markdown in markdownish()) {
        check(&markdown)?;
    }

    #[test]
    fn any_characters_give_valid_messages(markdown in "\\PC{0,80}") {
        check(&markdown)?;
    }

    #[test]
    fn nothing_readable_is_lost(markdown in markdownish()) {
        let whole = render(&markdown);
        let mut rest = whole.text.as_str();
        for word in readable_words(&markdown) {
            match rest.find(&word) {
                Some(at) => rest = &rest[at + word.len()..],
                // Tapping a link shows its address.
                None => prop_assert!(is_address(&whole, &word), "{word:?} of {markdown:?} is not in {whole:?}"),
            }
        }
    }

    #[test]
    fn a_stream_ends_as_the_whole_does(
        markdown in markdownish(),
        chunks in prop::collection::vec(1usize..9, 1..5),
        limit in 5usize..60,
    ) {
        let limits = Limits { code_points: limit, entities: 4 };
        let streamed = stream_in(&markdown, &chunks, limits)?;
        let mut at_once = Stream::new(limits);
        at_once.push(&markdown);
        prop_assert_eq!(&streamed, &at_once.finish(), "{:?}", markdown);
        // Links by reference are made when the messages are cut.
        if !visible(&markdown).lines().any(|line| Definition::of(line).is_some()) {
            prop_assert_eq!(streamed, split(&render(&markdown), limit, 4), "{:?}", markdown);
        }
    }

    #[test]
    fn code_is_untouched(code in code(), after in markdownish()) {
        let code = code.replace("~~~", "");
        let prefixed = |prefix: &str| code.replace('\n', &format!("\n{prefix}"));
        let fenced = format!("~~~text\n{code}\n~~~\nafter");
        let listed = format!("1. ~~~text\n   {}\n   ~~~\nafter", prefixed("   "));
        let quoted = format!("> ~~~text\n> {}\n> ~~~\nafter", prefixed("> "));
        for markdown in [fenced, listed, quoted] {
            let rich = render(&markdown);
            let pre = |entity: &&super::Entity| matches!(entity.kind, EntityKind::Pre { .. });
            let Some(pre) = rich.entities.iter().find(pre) else { return Err(TestCaseError::fail(markdown)) };
            prop_assert_eq!(slice(&rich.text, pre.offset, pre.end()), code.as_str(), "{:?}", markdown);
        }
        let (inline, after) = (code.replace(['`', '\n', '\t'], ""), after.replace(['`', '~'], ""));
        let rich = render(&format!("``{inline}`` {after}"));
        prop_assert!(rich.text.starts_with(&inline), "{:?}", rich);
    }
}

#[test]
fn every_prefix_of_the_corpus_gives_valid_messages() {
    for (name, markdown, ..) in samples() {
        for (end, _) in markdown.char_indices() {
            check(&markdown[..end]).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        }
    }
}

#[test]
fn the_corpus_streams_alike_in_any_chunks() {
    for (name, markdown, ..) in samples() {
        for chunks in [&[1][..], &[2, 3], &[7, 1, 5]] {
            let streamed =
                stream_in(markdown, chunks, Limits::MESSAGE).unwrap_or_else(|f| panic!("{name}: {f}"));
            assert_eq!(streamed, split(&render(markdown), 4096, 100), "{name}");
        }
    }
}
