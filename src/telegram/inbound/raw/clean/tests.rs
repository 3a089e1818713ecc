//! Characters that no text can hold.

use proptest::prelude::*;

use super::*;

fn read(json: &str) -> String {
    text(serde_json::from_str(&escapes(json)).unwrap())
}

#[test]
fn what_no_text_can_hold_is_taken_out_and_nothing_else() {
    for (json, expected) in [
        (r#""A\u0000nn""#, "Ann"),
        (r#""half \ud83d""#, "half "),
        (r#""half \uDE00.""#, "half ."),
        (r#""\ud83d\ud83d\ude00\ude00""#, "😀"),
        (r#""\ud83dx\ude00""#, "x"),
        (r#""whole \ud83d\ude00 and \\u0000 and \\\u0000""#, r"whole 😀 and \u0000 and \"),
        (r#""\u0001\n\"\u20ac""#, "\u{1}\n\"€"),
    ] {
        assert_eq!(read(json), expected, "{json}");
    }
    assert!(matches!(escapes(r#""\ud83d\ude00\\ud83d""#), Cow::Borrowed(_)));
    assert!(matches!(escapes(r"\"), Cow::Borrowed(_)), "cut off");
}

#[test]
fn a_line_is_one_line() {
    assert_eq!(line(" a\nb\u{7}\tc\u{ffff}\u{2028}d "), "a bc d".replace("bc", "b c"));
}

proptest! {
    #[test]
    fn any_string_of_escapes_can_be_read(units in proptest::collection::vec(any::<u16>(), 0..20)) {
        let json: String = units.iter().flat_map(|unit| format!("\\u{unit:04x}").chars().collect::<Vec<_>>()).collect();
        let expected: String = char::decode_utf16(units)
            .filter_map(Result::ok)
            .filter(|c| !['\0', STAND_IN].contains(c))
            .collect();
        prop_assert_eq!(read(&format!("\"{json}\"")), expected);
    }

    #[test]
    fn json_of_good_texts_stays_as_it_is(text in ".*") {
        let json = serde_json::to_string(&text.replace('\0', "")).unwrap();
        prop_assert_eq!(escapes(&json), json.as_str());
    }
}
