//! Fields of unexpected types, and halves of characters.

use serde_json::json;

use super::*;

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap()
}

fn pieces(pieces: &[&str]) -> String {
    let mut joiner = Joiner::default();
    pieces.iter().map(|piece| joiner.piece(Some(raw(piece))).unwrap()).collect()
}

#[test]
fn halves_of_a_character_find_each_other_across_pieces() {
    for (given, expected) in [
        (&[r#""a\ud83d""#, r#""\ude00b""#][..], "a😀b"),
        (&[r#""\ud83d""#, r#""""#, r#""\ude00""#], "😀"),
        (&[r#""\ud83d""#, r#""x\ude00""#], "x"),
        (&[r#""\ud83d""#, r#""\ud83d\ude00""#], "😀"),
        (&[r#""\ud83d\ud83d""#, r#""\ude00""#], "😀"),
        (&[r#""\ude00a\ud83d""#], "a"),
        (&[r#""\ud83d\ude00 \u00e9\n""#], "😀 é\n"),
        (&[r#""\ud83d""#, r#""plain""#, r#""\ude00""#], "plain"),
        (&[r#""\ud7ff\ue000퟿""#], "\u{d7ff}\u{e000}\u{d7ff}"),
    ] {
        assert_eq!(pieces(given), expected, "{given:?}");
    }
}

#[test]
fn a_count_is_a_number_however_it_is_written() {
    for (json, expected) in [
        ("0", Count::Known(0)),
        ("412", Count::Known(412)),
        ("412.0", Count::Known(412)),
        ("411.2", Count::Known(412)),
        ("4.12e2", Count::Known(412)),
        ("\"412\"", Count::Known(412)),
        ("\" 411.5 \"", Count::Known(412)),
        ("-0.0", Count::Known(0)),
        ("1000", Count::Known(1000)),
        ("1001", Count::Unreadable),
        ("-1", Count::Unreadable),
        ("-0.5e1", Count::Unreadable),
        ("1e999", Count::Unreadable),
        ("99999999999999999999999999", Count::Unreadable),
        ("\"many\"", Count::Unreadable),
        ("\"NaN\"", Count::Unreadable),
        ("\"inf\"", Count::Unreadable),
        ("\"\"", Count::Unreadable),
        ("true", Count::Unreadable),
        ("[1]", Count::Unreadable),
        ("{}", Count::Unreadable),
    ] {
        assert_eq!(count(Some(raw(json)), 1000), expected, "{json}");
    }
    assert_eq!(count(None, 1), Count::Absent);
}

#[test]
fn what_cannot_be_read_is_left_out_of_a_value() {
    for (json, expected) in [
        (r#"{"a": 1, "b": 1e999, "c": ["x\ud83d", 1e999, {"d": -1e999}]}"#, json!({"a": 1, "c": ["x", {}]})),
        (r#"{"\ud83dk": "\ude00v"}"#, json!({"k": "v"})),
        (r#""\ud83d""#, json!("")),
    ] {
        assert_eq!(value(raw(json)), Some(expected), "{json}");
    }
    assert_eq!(value(raw("1e999")), None);
    let deep = format!("{}1e999{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(value(raw(&deep)).is_some_and(|value| value.is_array()));
}
