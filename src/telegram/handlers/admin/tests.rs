//! The arguments of `/topup`.

use super::*;

#[test]
fn a_correction_names_one_user_and_one_amount() {
    let amount = |text: &str| Usd(text.parse().unwrap());
    for (arguments, expected) in [
        ("42 5", (Target::Id(UserId(42)), amount("5"))),
        ("@ann -0.5", (Target::Name("ann".into()), amount("-0.5"))),
        ("  42   +1.25 ", (Target::Id(UserId(42)), amount("1.25"))),
    ] {
        assert_eq!(read(arguments), Some(expected), "{arguments}");
    }
    for arguments in [
        "",
        "42",
        "ann 5",
        "42 5 6",
        "@ 5",
        "@a'b 5",
        "-42 5",
        "0 5",
        "42 nan",
        "42 1e3",
        "42 1,5",
        "42 -0",
        "42 99999999999",
        "999999999999999999999 5",
    ] {
        assert_eq!(read(arguments), None, "{arguments}");
    }
}
