//! Dollars, brackets and backslashes: formulas and prose.

use super::*;

#[test]
fn single_dollars_hold_a_formula_only_when_nothing_else_fits() {
    let inner = |text: &str| {
        let opening = text.find('$').unwrap();
        let rest = &text[opening + 1..];
        dollar_formula(text[..opening].chars().next_back(), rest).map(|end| rest[..end].to_owned())
    };
    for formula in ["x", "2n", "E = mc^2", "a_i", r"\alpha", "f(x) = x + 1", "100"] {
        assert_eq!(inner(&format!("(${formula}$)")).as_deref(), Some(formula));
    }
    for text in [
        "$5 and $10",
        "$5-$10",
        "costs $5 (or 4$)",
        "$HOME/$USER",
        "$HOME and $PATH",
        "a$b$c",
        "$US$",
        "$FOO_BAR$",
        "${a}-${b}",
        "$ x $",
        "$a",
    ] {
        assert_eq!(inner(text), None, "{text}");
    }
}

#[test]
fn explicit_delimiters_hold_anything_but_words() {
    assert!(is_formula("x") && is_formula("a + b") && is_formula(r"\text{speed}"));
    assert!(!is_formula(" or ") && !is_formula("see below"));
}
