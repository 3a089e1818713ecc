//! Topics of forums and private chats, their names and icons, and the threads of plain groups.

use serde_json::{Value, json};

use super::{ANN, FORUM, GROUP, Rig};

#[tokio::test]
async fn topics_live_in_forums_and_private_chats() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    for chat in [ANN, FORUM] {
        let topic = rig.call("createForumTopic", json!({"chat_id": chat, "name": "Trip"})).await;
        let id = topic["message_thread_id"].as_i64().unwrap();
        rig.telegram.say_in_topic(chat, ANN, id, "inside");
        let sent =
            rig.call("sendMessage", json!({"chat_id": chat, "message_thread_id": id, "text": "x"})).await;
        assert_eq!((&sent["message_thread_id"], &sent["is_topic_message"]), (&json!(id), &json!(true)));
        rig.call("editForumTopic", json!({"chat_id": chat, "message_thread_id": id, "name": "Trips"})).await;
        rig.call("deleteForumTopic", json!({"chat_id": chat, "message_thread_id": id})).await;
        let gone =
            rig.refusal("sendMessage", json!({"chat_id": chat, "message_thread_id": id, "text": "x"})).await;
        assert_eq!(gone, (400, "Bad Request: message thread not found".to_owned()));
    }
    let id = rig.telegram.create_topic(FORUM, "Mine");
    rig.call("closeForumTopic", json!({"chat_id": FORUM, "message_thread_id": id})).await;
    let said = rig.telegram.say_in_topic(FORUM, 44, id, "hi");
    let updates = rig.updates(said.update_id).await;
    assert_eq!(updates[0]["message"]["reply_to_message"]["forum_topic_created"]["name"], json!("Mine"));
    // Who manages topics writes there all the same.
    let reply = json!({"chat_id": FORUM, "text": "x", "reply_parameters": {"message_id": said.message_id}});
    rig.call("sendMessage", reply.clone()).await;
    rig.telegram.promote_without_topics(FORUM, 123_456);
    let closed = (400, "Bad Request: TOPIC_CLOSED".to_owned());
    assert_eq!(rig.refusal("sendMessage", reply).await, closed, "a reply belongs to the topic");
    let named = json!({"chat_id": FORUM, "text": "x", "message_thread_id": id});
    assert_eq!(rig.refusal("sendMessage", named).await, closed);
}

#[tokio::test]
async fn names_and_icons_of_topics_follow_telegrams_rules() {
    let rig = Rig::start().await;
    let (topic, said) = rig.telegram.start_topic(ANN, "How do I cook borscht?");
    let updates = rig.updates(0).await;
    let created = &updates[0]["message"]["forum_topic_created"];
    assert_eq!(
        (&created["name"], &created["is_name_implicit"]),
        (&json!("How do I cook borscht?"), &json!(true))
    );
    assert_eq!(updates[1]["update_id"], json!(said.update_id));
    let icons = rig.call("getForumTopicIconStickers", json!({})).await;
    let icon = icons[9]["custom_emoji_id"].as_str().unwrap().to_owned();
    let edit = |name: &str, icon: &str| json!({"chat_id": ANN, "message_thread_id": topic, "name": name, "icon_custom_emoji_id": icon});
    rig.call("editForumTopic", edit("Borscht", &icon)).await;
    let shown = rig.telegram.view(|view| {
        let (name, shown) = view.topic(ANN, topic).unwrap();
        (name.to_owned(), shown.map(str::to_owned))
    });
    assert_eq!(shown, ("Borscht".to_owned(), Some(icon.clone())));
    for (name, icon, refusal) in [
        ("Borscht", icon.as_str(), "TOPIC_NOT_MODIFIED"),
        ("Soup", "1", "DOCUMENT_INVALID"),
        ("Soup", "plate", "invalid custom emoji identifier specified"),
        (&"x".repeat(129), "", "TOPIC_TITLE_TOO_LONG"),
    ] {
        let refused = rig.refusal("editForumTopic", edit(name, icon)).await;
        assert_eq!(refused, (400, format!("Bad Request: {refusal}")), "{name} {icon}");
    }
    // A person's change is told, the bot's own is not.
    let renamed = rig.telegram.rename_topic(ANN, topic, "Mine").unwrap();
    let updates = rig.updates(said.update_id + 1).await;
    assert_eq!(updates[0]["update_id"], json!(renamed.update_id));
    assert_eq!(updates[0]["message"]["forum_topic_edited"], json!({"name": "Mine"}));
    // In a forum the bot needs the right, unless it has created the topic.
    rig.telegram.promote_without_topics(FORUM, 123_456);
    let foreign = rig.telegram.create_topic(FORUM, "Theirs");
    let named = |topic: i64| json!({"chat_id": FORUM, "message_thread_id": topic, "name": "x"});
    let refused = rig.refusal("editForumTopic", named(foreign)).await;
    assert_eq!(refused, (400, "Bad Request: not enough rights to edit the topic".to_owned()));
    let own = rig.call("createForumTopic", json!({"chat_id": FORUM, "name": "Ours"})).await;
    rig.call("editForumTopic", named(own["message_thread_id"].as_i64().unwrap())).await;
    rig.telegram.delete_topic(FORUM, foreign);
    let gone = rig.refusal("editForumTopic", named(foreign)).await;
    assert_eq!(gone, (400, "Bad Request: TOPIC_ID_INVALID".to_owned()));
}

#[tokio::test]
async fn replies_in_a_plain_group_make_threads_without_topics() {
    let rig = Rig::start().await;
    let first = rig.telegram.say(GROUP, ANN, "first").message_id;
    let second = rig.telegram.reply(GROUP, 44, first, "second").message_id;
    let third = rig.telegram.reply(GROUP, ANN, second, "third");
    let raw = &rig.telegram.messages(GROUP)[2].raw;
    assert_eq!((&raw["message_thread_id"], &raw["is_topic_message"]), (&json!(first), &Value::Null));
    let plain = json!({"chat_id": GROUP, "text": "x", "message_thread_id": first});
    assert_eq!(rig.refusal("sendMessage", plain.clone()).await.1, "Bad Request: message thread not found");
    let mut into = plain;
    into["reply_parameters"] = json!({"message_id": third.message_id});
    assert_eq!(rig.call("sendMessage", into).await["message_thread_id"], json!(first));
}
