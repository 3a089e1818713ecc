//! The conversion of Stars to balance.

use super::*;

#[test]
fn stars_become_balance_by_the_formula() {
    for (stars, margin, expected) in [
        (1, "0", "0.0065"),
        (10, "0", "0.0650"),
        (50, "0", "0.3250"),
        (100, "0", "0.6500"),
        (250, "0", "1.6250"),
        (500, "0", "3.2500"),
        (2_500, "0", "16.2500"),
        (100, "0.10", "0.5200"),
        (1, "0.49", "0.00013"),
        (7, "0.0001", "0.0454909"),
    ] {
        let found = credit(stars, Margin::read(margin).unwrap());
        assert_eq!(found.0, expected.parse().unwrap(), "{stars} Stars at {margin}");
    }
}

#[test]
fn a_margin_is_a_share_that_leaves_something() {
    for text in ["0", "0.1", "0.49", "0.0001", ".25", "00.1"] {
        assert!(Margin::read(text).is_some(), "{text}");
    }
    for text in ["", "0.5", "0.4901", "1", "-0.1", "NaN", "0,1", "1e-1", "0.00001", "10%", "0.1.1", " 0.1"] {
        assert_eq!(Margin::read(text), None, "{text}");
    }
}
