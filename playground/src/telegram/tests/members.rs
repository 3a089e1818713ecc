//! Members of groups: their rights, and what a bot sees as one.

use serde_json::json;

use super::{ANN, FORUM, GROUP, Rig};

#[tokio::test]
async fn members_have_their_rights() {
    let rig = Rig::start().await;
    rig.telegram.promote(FORUM, 44);
    rig.telegram.say(FORUM, 46, "a new member");
    for (user, status) in
        [(ANN, "creator"), (44, "administrator"), (46, "member"), (43, "left"), (123_456, "administrator")]
    {
        let member = rig.call("getChatMember", json!({"chat_id": FORUM, "user_id": user})).await;
        assert_eq!(member["status"], json!(status), "{user}");
    }
    assert_eq!(rig.call("getChatMemberCount", json!({"chat_id": FORUM})).await, json!(4));
    let limited = json!({"chat_id": FORUM, "user_id": 44});
    rig.telegram.promote_without_topics(FORUM, 44);
    assert_eq!(rig.call("getChatMember", limited.clone()).await["can_manage_topics"], json!(false));
    rig.telegram.demote(FORUM, 44);
    assert_eq!(rig.call("getChatMember", limited).await["status"], json!("member"));
    let id = rig.telegram.create_topic(FORUM, "Mine");
    rig.telegram.promote_without_topics(FORUM, 123_456);
    let refused = rig.refusal("deleteForumTopic", json!({"chat_id": FORUM, "message_thread_id": id})).await;
    assert_eq!(refused, (400, "Bad Request: not enough rights to delete the topic".to_owned()));
    assert_eq!(rig.call("getChat", json!({"chat_id": FORUM})).await["is_forum"], json!(true));
    assert_eq!(rig.call("getMe", json!({})).await["has_topics_enabled"], json!(true));
}

#[tokio::test]
async fn in_privacy_mode_a_bot_sees_what_is_meant_for_it() {
    let rig = Rig::start().await;
    rig.telegram.set_privacy_mode(true);
    assert_eq!(rig.call("getMe", json!({})).await["can_read_all_group_messages"], json!(false));
    let name = rig.call("getMe", json!({})).await["username"].as_str().unwrap().to_owned();
    assert_ne!(rig.telegram.say(GROUP, ANN, "hello").update_id, 0, "an administrator sees everything");
    rig.telegram.set_bot_administrator(GROUP, false);
    let bot = rig.call("getMe", json!({})).await["id"].clone();
    let member = rig.call("getChatMember", json!({"chat_id": GROUP, "user_id": bot})).await;
    assert_eq!(member["status"], json!("member"));
    assert_eq!(rig.telegram.say(GROUP, ANN, "hello").update_id, 0);
    assert_eq!(rig.telegram.say_anonymously(GROUP, "hello").update_id, 0);
    let sent = rig.call("sendMessage", json!({"chat_id": GROUP, "text": "Hi"})).await;
    for said in [
        rig.telegram.say(GROUP, ANN, "/help"),
        rig.telegram.say(GROUP, ANN, &format!("@{name} hello")),
        rig.telegram.reply(GROUP, ANN, sent["message_id"].as_i64().unwrap(), "why?"),
        rig.telegram.say(ANN, ANN, "hello"),
        rig.telegram.leave_group(GROUP, ANN),
    ] {
        assert_ne!(said.update_id, 0);
    }
    let left = rig.call("getChatMember", json!({"chat_id": GROUP, "user_id": ANN})).await;
    assert_eq!(left["status"], json!("left"));
}
