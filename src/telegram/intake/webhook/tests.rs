//! Tests: webhook.

use super::*;

#[test]
fn only_the_same_secret_is_the_same() {
    for (presented, expected, result) in
        [("abc", "abc", true), ("abd", "abc", false), ("", "abc", false), ("abcd", "abc", false)]
    {
        assert_eq!(same(presented.as_bytes(), expected.as_bytes()), result);
    }
}
