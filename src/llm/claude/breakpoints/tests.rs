//! Where the marks of the prompt cache stand.

use super::super::tests::request;
use super::*;

#[test]
fn marks_stand_where_the_next_request_can_use_them() {
    for (messages, stable, expected) in [
        (1, 0, vec![0]),
        (3, 2, vec![1, 2]),
        (3, 3, vec![2]),
        // A tool loop: the question is message 2, then call and result, call and result.
        (5, 3, vec![2, 4]),
        (7, 3, vec![2, 4, 6]),
        // A paused answer is sent back: the question is message 2.
        (4, 2, vec![1, 2, 3]),
    ] {
        let mut request = request(messages);
        request.stable = stable;
        let marks = place(&request);
        assert_eq!(
            marks,
            Marks { system: Some(0), messages: expected },
            "{messages} messages, {stable} stable"
        );
    }
}
