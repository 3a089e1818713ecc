//! Exact sums, and amounts as people read and write them.

use proptest::prelude::*;

use super::*;

fn usd(text: &str) -> Usd {
    Usd(text.parse().unwrap())
}

#[test]
fn prices_for_a_million_are_exact() {
    for (price, tokens, cost) in [
        ("2", 1, "0.000002"),
        ("0.125", 1, "0.000000125"),
        ("0.10", 40, "0.000004"),
        ("10", 1_000_000, "10"),
        ("0.0625", 1, "0.000000063"),
        ("20", 0, "0"),
    ] {
        assert_eq!(usd(price).per_million(tokens), usd(cost), "{tokens} at {price}");
    }
}

#[test]
fn people_see_as_many_digits_as_they_need() {
    for (amount, shown) in [
        ("0", "$0.00"),
        ("0.1000", "$0.10"),
        ("-0.03125", "-$0.0313"),
        ("12.34567", "$12.3457"),
        ("-1", "-$1.00"),
        ("0.00004", "$0.00004"),
        ("-0.0000000004", "$0.00"),
        ("1000000", "$1000000.00"),
    ] {
        assert_eq!(usd(amount).to_string(), shown);
    }
}

#[test]
fn promises_are_told_in_full() {
    for (amount, shown) in [
        ("0", "$0.00"),
        ("1.6250", "$1.625"),
        ("-0.65", "-$0.65"),
        ("5", "$5.00"),
        ("0.0454909", "$0.0454909"),
    ] {
        assert_eq!(usd(amount).in_full(), shown);
    }
}

#[test]
fn only_plain_amounts_are_typed() {
    for (text, amount) in [("5", "5"), ("+0.5", "0.5"), ("-12.000000001", "-12.000000001"), ("007", "7")] {
        assert_eq!(Usd::typed(text), Some(usd(amount)), "{text}");
    }
    for text in [
        "",
        "0",
        "-0",
        "0.0",
        "NaN",
        "inf",
        "Infinity",
        "-Infinity",
        "1e30",
        "1E5",
        "1,5",
        "1 5",
        " 5",
        "5 ",
        "1234567890",
        "0.0000000001",
        ".5",
        "5.",
        "--5",
        "+-5",
        "0x10",
        "٥",
        "1_000",
        "$5",
        "5.5.5",
    ] {
        assert_eq!(Usd::typed(text), None, "{text}");
    }
}

#[test]
fn a_million_small_charges_are_forty_dollars() {
    let charged: Usd = std::iter::repeat_n(usd("0.00004"), 1_000_000).sum();
    assert_eq!(charged, usd("40"));
}

proptest! {
    #[test]
    fn no_order_of_adding_changes_a_sum(mut amounts in proptest::collection::vec(-1_000_000_000_000_i64.., 0..50)) {
        let sum = |amounts: &[i64]| amounts.iter().map(|&nano| Usd(Decimal::new(nano, 9))).sum::<Usd>();
        let before = sum(&amounts);
        amounts.reverse();
        prop_assert_eq!(before, sum(&amounts));
    }

    #[test]
    fn what_is_typed_is_read_as_it_stands(nano in 1_i64..=999_999_999_999_999_999) {
        let amount = Usd(Decimal::new(nano, 9));
        prop_assert_eq!(Usd::typed(&amount.0.to_string()), Some(amount));
    }
}
