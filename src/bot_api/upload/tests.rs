//! Tests: sending files.

use super::*;

#[test]
fn the_response_tells_what_telegram_has_made_of_a_file() {
    let photo = json!({"message_id": 7, "photo": [{"file_id": "small"}, {"file_id": "large"}]});
    let animation = json!({"message_id": 8, "animation": {"file_id": "a"}, "document": {"file_id": "d"}});
    for (message, expected) in [
        (photo, Some((7, Some((MediaKind::Photo, "large"))))),
        (animation, Some((8, Some((MediaKind::Animation, "a"))))),
        (json!({"message_id": 9, "of_tomorrow": {"file_id": "x"}}), Some((9, None))),
        (json!({"photo": []}), None),
        (json!(true), None),
    ] {
        let copy = |(kind, id): (MediaKind, &str)| (kind, id.to_owned());
        let expected =
            expected.map(|(number, file)| SentFile { message: MessageId(number), copy: file.map(copy) });
        assert_eq!(sent_file(&message), expected, "{message}");
    }
}
