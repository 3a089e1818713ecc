//! Tests: what a person has chosen.

use super::*;

#[test]
fn a_personality_has_ten_to_two_thousand_characters() {
    for (text, read) in [
        (String::new(), Err(PersonalityFault::TooShort(0))),
        ("\u{200b}".repeat(20), Err(PersonalityFault::TooShort(0))),
        ("  123456789  ".to_owned(), Err(PersonalityFault::TooShort(9))),
        ("  1234567890\n".to_owned(), Ok(Personality("1234567890".to_owned()))),
        ("я".repeat(2_000), Ok(Personality("я".repeat(2_000)))),
        ("я".repeat(2_001), Err(PersonalityFault::TooLong(2_001))),
    ] {
        assert_eq!(Personality::read(&text), read, "{text}");
    }
}
