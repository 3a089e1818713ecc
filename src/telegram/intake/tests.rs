//! Tests: intake.

use super::*;

#[test]
fn updates_are_stored_by_number_and_kind_whatever_they_contain() {
    for (payload, expected) in [
        (r#"{"update_id":5,"message":{"text":"x"}}"#, Some((5, "message", false))),
        (r#"{"something_new":{"a":[1]},"update_id":6}"#, Some((6, "something_new", true))),
        (r#"{"update_id":7}"#, Some((7, "", true))),
        (r#"{"update_id":8,"callback_query":null,"message":{"text":"\ud83d"}}"#, Some((8, "message", false))),
        (r#"{"message":{}}"#, None),
        ("[]", None),
    ] {
        let found = read(payload.to_owned());
        let found = found.as_ref().map(|update| (update.id.0, update.kind.as_str(), update.ignored));
        assert_eq!(found, expected, "{payload}");
    }
}
