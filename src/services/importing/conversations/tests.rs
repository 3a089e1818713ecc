//! Tests: chats and conversations.

use super::*;

#[test]
fn the_id_of_a_chat_tells_its_kind() {
    for (id, named, expected) in [
        (42, Some("private"), ChatKind::Private),
        (42, Some("group"), ChatKind::Private),
        (-1_001_234_567_890, Some("private"), ChatKind::Supergroup),
        (-1_001_234_567_890, Some("channel"), ChatKind::Channel),
        (-1_001_234_567_890, None, ChatKind::Supergroup),
        (-4_242, Some("private"), ChatKind::Group),
        (-4_242, Some("supergroup"), ChatKind::Supergroup),
    ] {
        assert_eq!(kind(id, named), expected, "{id} {named:?}");
    }
}
