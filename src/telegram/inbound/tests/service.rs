//! Updates without a question: service messages, taps, stopped drafts, other kinds.

use serde_json::{Value, json};

use super::super::*;
use super::{MOST, group, me, private, read_message};
use crate::domain::ids::{ChatId, MessageId, OwnerId, TopicId};

#[test]
fn service_messages_tell_who_named_a_topic() {
    let read_event = |event: Value, sender: i64| {
        let mut message = group(&event);
        (message["message_thread_id"], message["from"]["id"]) = (json!(5), json!(sender));
        match read_message(&message) {
            Inbound::TopicNews(TopicNews { topic, change, .. }) => {
                assert_eq!(topic, Topic { chat: ChatId(-100), id: TopicId(5) });
                Some(change)
            }
            Inbound::Ignored(Idle::Service, _) => None,
            other => panic!("{other:?}"),
        }
    };
    let created = |fields: Value| json!({ "forum_topic_created": fields });
    let edited = |fields: Value| json!({ "forum_topic_edited": fields });
    for (event, sender, change) in [
        (
            created(json!({"name": "a", "is_name_implicit": true})),
            42,
            Some(TopicChange::Created { icon: false }),
        ),
        (
            created(json!({"name": "a", "is_name_implicit": true, "icon_custom_emoji_id": "1"})),
            42,
            Some(TopicChange::Created { icon: true }),
        ),
        (created(json!({"name": "a", "icon_color": 1})), 42, None),
        (created(json!({"name": "a", "is_name_implicit": "yes"})), 42, None),
        (created(json!([])), 42, None),
        (edited(json!({"name": "b"})), 42, Some(TopicChange::Renamed)),
        (edited(json!({"name": "b", "icon_custom_emoji_id": ""})), 42, Some(TopicChange::Renamed)),
        (edited(json!({"icon_custom_emoji_id": ""})), 42, Some(TopicChange::IconChanged)),
        (edited(json!({})), 42, None),
        // Our own change.
        (edited(json!({"name": "b"})), 7, None),
    ] {
        assert_eq!(read_event(event.clone(), sender), change, "{event}");
    }
}

#[test]
fn whoever_leaves_a_group_is_named() {
    let left = json!({"left_chat_member": {"id": 42, "is_bot": false, "first_name": "Ann"}});
    let gone = Departure { update: UpdateId(9), chat: ChatId(-100), user: UserId(42) };
    assert_eq!(read_message(&group(&left)), Inbound::Left(gone));
    assert!(matches!(read_message(&private(&left)), Inbound::Ignored(Idle::Service, _)));
}

#[test]
fn a_group_that_becomes_a_supergroup_says_so_in_both_chats() {
    let expected = Inbound::Migrated(Migration { update: UpdateId(9), from: ChatId(-5), to: ChatId(-100) });
    let mut old = group(&json!({"migrate_to_chat_id": -100}));
    old["chat"] = json!({"id": -5, "type": "group", "title": "Friends"});
    assert_eq!(read_message(&old), expected);
    assert_eq!(read_message(&group(&json!({"migrate_from_chat_id": -5}))), expected);
}

#[test]
fn a_tap_is_read_whatever_is_told_of_its_message() {
    for (message, number) in [
        (json!({"message_id": 5, "chat": {"id": 42, "type": "private"}}), Some(MessageId(5))),
        (json!({"message_id": 5, "date": 0, "chat": {"id": 42, "type": "private"}}), None),
        (json!({"date": 0}), None),
        (json!(null), None),
    ] {
        let query = json!({"id": "1", "from": {"id": 42, "first_name": "Ann", "language_code": "ru"},
            "chat_instance": "1", "data": "x", "message": message});
        let update = json!({"update_id": 9, "callback_query": query});
        let Inbound::Tapped(tapped) =
            read(Update::read(&update.to_string()).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH)
        else {
            panic!("no tap")
        };
        assert_eq!(
            (tapped.callback.as_str(), tapped.data.as_str(), tapped.person.language_code.as_deref()),
            ("1", "x", Some("ru"))
        );
        assert_eq!(tapped.header.map(|header| header.message), number);
    }
}

#[test]
fn a_stopped_draft_names_its_thread() {
    for draft in ["65", "\"65\""] {
        let update = format!(
            r#"{{"update_id":1,"stopped_message_generation":{{"chat":{{"id":42,"type":"private"}},"draft_id":{draft}}}}}"#
        );
        let key = ThreadKey { chat: ChatId(42), owner: OwnerId(42), topic: None };
        let stopped = read(Update::read(&update).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH);
        assert_eq!(stopped, Inbound::Stopped { update: UpdateId(1), key, draft: 65 });
    }
}

#[test]
fn updates_of_other_kinds_and_incomplete_ones_have_a_name() {
    for (update, why, kind) in [
        (json!({"guest_message": private(&json!({"text": "x"}))}), Idle::Unhandled, "guest_message"),
        (json!({"business_message": private(&json!({"text": "x"}))}), Idle::Unhandled, "business_message"),
        (json!({"of_tomorrow": {}}), Idle::Unhandled, "other"),
        (json!({"message": {"text": "x"}}), Idle::Incomplete, "text"),
        (json!({"message": 5}), Idle::Incomplete, "message"),
        (json!({"callback_query": {"id": "1"}}), Idle::Incomplete, "callback_query"),
        (json!({"edited_message": private(&json!({"location": {}}))}), Idle::Unhandled, "location"),
    ] {
        let mut payload = json!({"update_id": 9});
        payload.as_object_mut().unwrap().extend(update.as_object().unwrap().clone());
        let found =
            read(Update::read(&payload.to_string()).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH);
        assert_eq!(found, Inbound::Ignored(why, kind), "{update}");
    }
    assert!(Update::read("nonsense").is_none() && Update::read(r#"{"message": {}}"#).is_none());
}
