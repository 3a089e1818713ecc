//! Tests: the books.

use super::*;

#[test]
fn a_limit_may_be_lowered_and_raised_up_to_the_operators_most() {
    let usd = |text: &str| Usd(text.parse().unwrap());
    for (limit, most, offered, own, applies) in [
        ("1", "5", vec!["0.10", "0.25", "0.50", "1.00", "2.00", "5.00"], Some("2"), "2"),
        ("1", "5", vec!["0.10", "0.25", "0.50", "1.00", "2.00", "5.00"], None, "1"),
        // The operator has lowered the most since.
        ("1", "0", vec!["0.10", "0.25", "0.50", "1.00"], Some("5"), "1"),
        ("0.05", "0", vec![], Some("0.10"), "0.05"),
        // The most is offered, whatever it is.
        ("1", "3", vec!["0.10", "0.25", "0.50", "1.00", "2.00", "3"], Some("5"), "3"),
        ("0.02", "0.03", vec!["0.03"], Some("0.10"), "0.03"),
        ("0.02", "0.02", vec![], Some("0.10"), "0.02"),
        ("0", "5", vec!["0.10", "0.25", "0.50", "1.00", "2.00", "5.00", "10.00", "20.00"], Some("20"), "20"),
        ("0", "5", vec!["0.10", "0.25", "0.50", "1.00", "2.00", "5.00", "10.00", "20.00"], None, "0"),
    ] {
        let terms = Terms { turn_limit: usd(limit), most_turn_limit: usd(most), ..Terms::default() };
        let offered: Vec<Usd> = offered.into_iter().map(usd).collect();
        assert_eq!(terms.turn_limits(), offered, "{limit} {most}");
        assert_eq!(terms.turn_limit_of(own.map(usd)), usd(applies), "{limit} {most} {own:?}");
    }
}
