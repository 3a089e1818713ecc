//! Formulas and texts at random: each gives a picture or a reason.

use proptest::prelude::*;

use super::super::*;
use super::{ink, soon};

/// Words of formulas, separated by white space.
const WORDS: &str = r"x 1 + = & \\ ^ _ { } ' я #1 % ~ $ \frac \sqrt \left( \right) \middle| \sum \int \limits \over
    \def\a{ \a \not \hline \tag{1} \ce{H2O} \color{red} \rule{1em}{2em} \kern-2em \displaystyle \verb|x| \char65
    \begin{matrix} \end{matrix} \genfrac \big( 漢 é";
/// Commands with an argument.
const COMMANDS: &str = r"\text \sqrt \hat \overbrace \boxed \ce \pmb \phantom \cancel \operatorname \substack \smash
    \mathbb \raisebox{1em} \xrightarrow \frac{1}";
const ENVIRONMENTS: &str = "matrix aligned cases gathered CD pmatrix";

fn one_of(words: &'static str) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words.split_whitespace().collect::<Vec<_>>())
}

/// Pieces of formulas, balanced or not.
fn piece() -> impl Strategy<Value = String> {
    one_of(WORDS).prop_map(|word| format!("{word} ")).prop_recursive(6, 60, 6, |inner| {
        let body = prop::collection::vec(inner, 0..6).prop_map(|parts| parts.concat());
        prop_oneof![
            3 => (one_of(COMMANDS), body.clone()).prop_map(|(command, body)| format!("{command}{{{body}}}")),
            1 => (one_of(ENVIRONMENTS), body.clone())
                .prop_map(|(name, body)| format!("\\begin{{{name}}}{body}\\end{{{name}}}")),
            1 => body.prop_map(|body| format!("\\left({body}\\right)")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(5_000), ..ProptestConfig::default() })]

    #[test]
    fn any_source_gives_a_picture_or_a_reason(parts in prop::collection::vec(piece(), 1..8)) {
        let source = parts.concat();
        match soon(&source) {
            Ok(picture) => prop_assert!(ink(&picture).pixels > 0),
            Err(error) => prop_assert_ne!(error, TypesetError::Internal),
        }
    }

    #[test]
    fn any_text_gives_a_picture_or_a_reason(source: String) {
        if let Err(error) = soon(&source) {
            prop_assert_ne!(error, TypesetError::Internal);
        }
    }
}
