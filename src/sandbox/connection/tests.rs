//! What is read of an answer that names a sandbox.

use serde_json::json;

use super::*;

#[test]
fn the_tokens_of_a_sandbox_are_sent_and_never_shown() {
    let answer =
        json!({"sandboxID": "i1", "envdAccessToken": "secret-1", "trafficAccessToken": null, "new": 1});
    let connection = Connection::read(&answer, None).unwrap();
    assert_eq!((connection.id.as_str(), connection.headers.len()), ("i1", 2));
    assert_eq!(connection.headers["x-access-token"], "secret-1");
    assert!(!format!("{connection:?}").contains("secret-1"));
}

#[test]
fn an_answer_without_a_sandbox_is_an_error() {
    assert!(Connection::read(&json!({}), None).is_err());
    assert_eq!(Connection::read(&json!({}), Some("i2")).unwrap().id, "i2");
    assert!(Connection::read(&json!({"sandboxID": "a\nb"}), None).is_err());
}
