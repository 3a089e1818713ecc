//! Amounts as people write them.

use super::*;

#[test]
fn an_amount_is_a_whole_number_of_stars_within_limits() {
    for (text, stars) in
        [("1", 1), ("2500", 2_500), (" 77 ", 77), ("100 ⭐", 100), ("0100", 100), ("@bot  5", 5)]
    {
        assert_eq!(amount(text), Some(stars), "{text}");
    }
    for text in [
        "",
        "0",
        "2501",
        "-5",
        "1.5",
        "1,5",
        "ten",
        "1e2",
        "99999999999999999999",
        "⭐",
        "5 5",
        "٥",
        "@5",
        "@bot",
        "@bot @bot 5",
    ] {
        assert_eq!(amount(text), None, "{text}");
    }
}
