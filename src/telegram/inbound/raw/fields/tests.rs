//! Tests: jSON objects of the Bot API.

use super::*;

#[test]
fn a_field_of_a_wrong_type_costs_that_field_only() {
    let json = r#"{"text": 5, "name": "a\nb ", "size": 1e999, "id": "65", "whole": 7.0, "half": 7.5,
        "large": 5000000000, "no": null, "off": false, "on": true, "list": [1, {"id": 2}], "object": []}"#;
    let fields = Fields::of(json).unwrap();
    assert_eq!((fields.text("text"), fields.line("name")), (None, Some("a b".to_owned())));
    assert_eq!(
        ["size", "id", "whole", "half"].map(|name| fields.number(name)),
        [None, Some(65), Some(7), None]
    );
    assert_eq!((fields.small::<i32>("large"), fields.number("large")), (None, Some(5_000_000_000)));
    assert_eq!(["no", "off", "on", "text"].map(|name| fields.has(name)), [false, false, true, true]);
    assert_eq!(fields.objects("list").filter_map(|object| object.number("id")).collect::<Vec<_>>(), [2]);
    assert!(fields.object("object").is_none() && fields.list("text").is_empty());
    assert!(Fields::of("[]").is_none());
}
