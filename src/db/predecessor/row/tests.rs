//! Tests of reading rows of the predecessor.

use rust_decimal::dec;

use super::Row;
use crate::domain::money::Usd;

fn row(json: &str) -> Row {
    Row::read(json.as_bytes())
}

#[test]
fn numbers_and_texts_are_read_whatever_their_type() {
    let row = row(r#"{"a": 7, "b": " 8 ", "c": null, "d": "x\u0000y ", "e": " \n", "f": true, "g": "t"}"#);
    assert_eq!(
        (row.number("a"), row.number("b"), row.number("c"), row.number("d")),
        (Some(7), Some(8), None, None)
    );
    assert_eq!(row.text("d").as_deref(), Some("xy"));
    assert_eq!((row.text("e"), row.text("c"), row.text("missing")), (None, None, None));
    assert!(row.flag("f") && row.flag("g") && !row.flag("a") && !row.flag("missing"));
}

#[test]
fn only_amounts_that_the_books_can_hold_are_amounts() {
    for (text, amount) in [
        ("1.0000", Some(Usd(dec!(1)))),
        ("-0.0312", Some(Usd(dec!(-0.0312)))),
        ("NaN", None),
        ("1e400", None),
        ("100000000000", None),
        ("0.0000000001", None),
    ] {
        assert_eq!(row(&format!(r#"{{"balance": "{text}"}}"#)).amount("balance"), amount, "{text}");
    }
}

#[test]
fn times_are_read_with_and_without_a_zone() {
    for (text, time) in [
        ("2026-01-29T12:00:00+00:00", Some("2026-01-29 12:00:00 UTC")),
        ("2026-01-29T15:00:00.5+03:00", Some("2026-01-29 12:00:00.500 UTC")),
        ("2026-01-29T12:00:00", Some("2026-01-29 12:00:00 UTC")),
        ("infinity", None),
        ("-infinity", None),
        ("10000-01-01T00:00:00+00:00", None),
    ] {
        let read = row(&format!(r#"{{"at": "{text}"}}"#)).time("at");
        assert_eq!(read.map(|time| time.to_string()).as_deref(), time, "{text}");
    }
}

#[test]
fn json_of_any_shape_gives_a_text_or_none() {
    for (quote, text) in [
        (r#"{"text": "said", "position": 0}"#, Some("said")),
        (r#""{\"text\": \"said\"}""#, Some("said")),
        (r#"{"text": null}"#, None),
        (r#"["text"]"#, None),
        (r#""not JSON""#, None),
        ("null", None),
    ] {
        assert_eq!(
            row(&format!(r#"{{"quote": {quote}}}"#)).inner("quote", &["text"]).as_deref(),
            text,
            "{quote}"
        );
    }
}

#[test]
fn bytes_that_are_not_text_cost_only_themselves() {
    let row = Row::read(b"{\"name\": \"Z\xfcrich\", \"id\": 5}");
    assert!(row.broken);
    assert_eq!((row.text("name").as_deref(), row.number("id")), (Some("Z\u{fffd}rich"), Some(5)));
    assert!(Row::read(b"{\"name\": ").broken);
}
