//! The order of deferred updates in a thread.

use super::*;
use crate::domain::ids::{ChatId, OwnerId};

const KEY: ThreadKey = ThreadKey { chat: ChatId(1), owner: OwnerId(1), topic: None };

#[test]
fn nothing_overtakes_a_deferred_update_of_its_thread() {
    let deferred = Deferred::default();
    assert!(!deferred.is_behind(KEY, UpdateId(1)));
    for (update, new) in [(2, true), (1, true), (2, false)] {
        assert_eq!(deferred.put(KEY, UpdateId(update)), new);
    }
    assert!(deferred.is_behind(KEY, UpdateId(3)));
    assert!(!deferred.is_behind(ThreadKey { owner: OwnerId(2), ..KEY }, UpdateId(3)), "another thread");
    assert_eq!(deferred.first(KEY), Some(UpdateId(1)));
    let full = deferred.attempt(KEY, UpdateId(1), || {
        assert!(!deferred.is_behind(KEY, UpdateId(1)));
        assert!(deferred.is_behind(KEY, UpdateId(2)), "also during the attempt");
        assert!(!deferred.put(KEY, UpdateId(1)));
    });
    assert!(!full, "it was put back");
    assert_eq!(deferred.first(KEY), Some(UpdateId(1)));
    assert!(deferred.attempt(KEY, UpdateId(1), || {}));
    assert!(deferred.attempt(KEY, UpdateId(2), || assert!(deferred.is_behind(KEY, UpdateId(3)))));
    assert!(!deferred.is_behind(KEY, UpdateId(3)));
    assert!(deferred.threads().is_empty());
}
