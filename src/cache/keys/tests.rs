//! Keys of different things differ.

use super::*;
use crate::domain::ids::{ChatId, OwnerId, TopicId};

#[test]
fn names_of_different_things_differ() {
    let of = |database: &str, timeline: &str| {
        Keys::of(&Origin { database: database.into(), timeline: timeline.into() })
    };
    let keys = of("db", "1");
    let key = |chat, user, topic: Option<i32>| ThreadKey {
        chat: ChatId(chat),
        owner: OwnerId(user),
        topic: topic.map(TopicId),
    };
    let all = [
        keys.thread(key(1, 2, None)),
        keys.thread(key(1, 2, Some(0))),
        keys.thread(key(12, 2, None)),
        keys.thread(key(1, 22, None)),
        keys.messages(key(1, 2, None)),
        keys.user(UserId(1)),
        of("other", "1").user(UserId(1)),
        of("db", "2").user(UserId(1)),
    ];
    let distinct: std::collections::HashSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(keys.write_behind(), of("db", "2").write_behind(), "the queue outlives a failover");
    assert_eq!(all[0], "starling:2:db:1:thread:1:2:-");
}
