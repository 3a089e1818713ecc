//! What the model is told about a formula, and how many are drawn at once.

use super::super::tool::testing;
use super::*;
use crate::llm::registry::Registry;

async fn failure(input: &Value) -> Failure {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    let arguments = Arguments::deserialize(input).unwrap();
    let output = RenderLatex::run(arguments, testing::tool_context(&registry, &made_files)).await;
    output.result.unwrap_err()
}

#[tokio::test]
async fn every_reason_has_its_word_and_says_what_to_do() {
    for (latex, error, says) in [
        ("", "invalid_arguments", "Give a formula"),
        (r"\frac{1}{2", "invalid_latex", r"near `\frac{1}{2`"),
        (r"a + \нет + b", "invalid_latex", "Undefined control sequence"),
        (r"\SI{5}{\kilo\gram}", "invalid_latex", r"units as \text{...}"),
        ("$a$ and $b$", "invalid_latex", "no dollar signs"),
        (r"\begin{tikzpicture}\end{tikzpicture}", "unsupported", "execute_python"),
        (
            r"\documentclass{article}\begin{document}x\end{document}",
            "unsupported",
            r"\documentclass needs a TeX",
        ),
        (r"\text{漢}", "missing_character", "'漢'"),
        (r"\def\a{\a\a}\a", "too_complex", "macros do not end"),
        (
            r"\rule{100em}{1em}",
            "too_large",
            "100 em wide and 1 em high; a readable picture has at most 61 em",
        ),
        (r"\phantom{x}", "blank", "visible"),
        (&"x".repeat(10_000), "too_long", "more than 5000 characters"),
    ] {
        let told = failure(&json!({"latex": latex})).await;
        assert_eq!(told.error, error, "{latex}: {}", told.message);
        assert!(told.message.contains(says), "{latex}: {}", told.message);
    }
}

#[test]
fn wrong_arguments_are_told() {
    for input in [json!({}), json!({"latex": 5}), json!({"latex": "x", "dpi": 200})] {
        assert!(Arguments::deserialize(&input).is_err(), "{input}");
    }
    assert!(Arguments::deserialize(json!({"latex": "x"})).is_ok_and(|arguments| arguments.display));
}

#[tokio::test]
async fn no_more_than_two_formulas_are_drawn_at_once() {
    let _held = DRAWING.acquire_many(2).await.unwrap();
    let waiting = render(Arguments { latex: "x".to_owned(), display: true });
    assert!(tokio::time::timeout(Duration::from_millis(20), waiting).await.is_err());
}
