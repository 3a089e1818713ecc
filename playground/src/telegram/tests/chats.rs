//! Chats as they stand after what people and the bot did: objects, ids, threads, files.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::super::{Attachment, Settings};
use super::{ANN, FORUM, GROUP, Rig};

#[tokio::test]
async fn every_encoding_is_understood() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let entities = json!([{"type": "bold", "offset": 0, "length": 4}]).to_string();
    let fields = [("chat_id", "42"), ("text", "1234"), ("entities", entities.as_str())];
    let url = rig.address("sENDmESSAGE");
    let mut form = Form::new();
    for (key, value) in fields {
        form = form.text(key, value.to_owned());
    }
    let requests = [
        rig.client.get(&url).query(&fields),
        rig.client.post(&url).form(&fields),
        rig.client.post(&url).multipart(form),
        rig.client.post(&url).json(&json!({"chat_id": 42, "text": "1234", "entities": entities})),
    ];
    for request in requests {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["result"]["text"], json!("1234"), "{answer}");
        assert_eq!(answer["result"]["entities"][0]["type"], json!("bold"), "{answer}");
    }
    let calls = rig.telegram.calls();
    assert_eq!(calls.len(), 4);
    for call in calls {
        assert_eq!((call.method.as_str(), call.chat), ("sendMessage", Some(ANN)));
        assert_eq!(call.params["entities"][0]["type"], json!("bold"));
    }
}

#[tokio::test]
async fn a_conversation_carries_full_objects() {
    let rig = Rig::start().await;
    let said = rig.telegram.say(ANN, ANN, "/start@starling_bot deep");
    let updates = rig.updates(0).await;
    let message = &updates[0]["message"];
    assert_eq!(updates[0]["update_id"], json!(said.update_id));
    assert_eq!(
        message["chat"],
        json!({"id": ANN, "first_name": "Ann", "username": "ann", "type": "private"})
    );
    let from =
        json!({"id": ANN, "is_bot": false, "first_name": "Ann", "username": "ann", "language_code": "en"});
    assert_eq!(message["from"], from);
    assert_eq!(message["entities"], json!([{"type": "bot_command", "offset": 0, "length": 19}]));
    let answer =
        json!({"chat_id": ANN, "text": "hello", "reply_parameters": {"message_id": said.message_id}});
    let answer = rig.call("sendMessage", answer).await;
    assert_eq!(answer["reply_to_message"]["message_id"], json!(said.message_id));
    assert_eq!(answer["from"]["is_bot"], json!(true));
    let other = rig.telegram.say(44, 44, "one counter for all private chats");
    assert_eq!((said.message_id, answer["message_id"].as_i64(), other.message_id), (1, Some(2), 3));
    let group = rig.telegram.say(GROUP, 44, "groups count for themselves");
    assert_eq!(group.message_id, 1);
    let texts: Vec<_> = rig.telegram.messages(ANN).into_iter().map(|m| (m.from_bot, m.text)).collect();
    assert_eq!(texts, [(false, "/start@starling_bot deep".to_owned()), (true, "hello".to_owned())]);
}

#[tokio::test]
async fn edits_are_seen_on_both_sides() {
    let rig = Rig::start().await;
    let said = rig.telegram.say(ANN, ANN, "one");
    rig.telegram.edit(ANN, said.message_id, "two").unwrap();
    let updates = rig.updates(0).await;
    assert_eq!(updates[1]["edited_message"]["text"], json!("two"));
    assert!(updates[1]["edited_message"]["edit_date"].is_i64());
    let sent = rig.call("sendMessage", json!({"chat_id": ANN, "text": "a"})).await;
    let id = sent["message_id"].clone();
    let markup = json!({"inline_keyboard": [[{"text": "b", "callback_data": "c"}]]});
    rig.call(
        "editMessageText",
        json!({"chat_id": ANN, "message_id": id, "text": "b", "reply_markup": markup}),
    )
    .await;
    rig.call("editMessageReplyMarkup", json!({"chat_id": ANN, "message_id": id})).await;
    let shown = rig.telegram.messages(ANN).pop().unwrap();
    assert_eq!((shown.text.as_str(), shown.edits, shown.reply_markup), ("b", 2, None));
    rig.call("deleteMessages", json!({"chat_id": ANN, "message_ids": [id, 999]})).await;
    assert_eq!(rig.telegram.messages(ANN).len(), 1);
}

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
async fn commands_belong_to_scope_and_language() {
    let rig = Rig::start().await;
    let commands = json!([{"command": "start", "description": "Begin"}]);
    rig.call(
        "setMyCommands",
        json!({"commands": commands, "language_code": "ru", "scope": {"type": "all_private_chats"}}),
    )
    .await;
    assert_eq!(rig.call("getMyCommands", json!({})).await, json!([]));
    let scope = json!({"language_code": "ru", "scope": {"type": "all_private_chats"}});
    assert_eq!(rig.call("getMyCommands", scope.clone()).await, commands);
    rig.call("deleteMyCommands", scope.clone()).await;
    assert_eq!(rig.call("getMyCommands", scope).await, json!([]));
}

#[tokio::test]
async fn files_go_both_ways() {
    let rig = Rig::start().await;
    rig.telegram.send_file(
        ANN,
        ANN,
        Attachment::Photo,
        "a.png",
        "image/png",
        b"\x89PNG\r\n\x1a\nx".to_vec(),
        "look /start",
    );
    rig.telegram.send_file(
        ANN,
        ANN,
        Attachment::Document,
        "big.bin",
        "a/b",
        vec![0; 20 * 1024 * 1024 + 1],
        "",
    );
    let updates = rig.updates(0).await;
    let photo = updates[0]["message"]["photo"].as_array().unwrap().last().unwrap();
    assert_eq!(updates[0]["message"]["caption_entities"][0]["type"], json!("bot_command"));
    let file = rig.call("getFile", json!({"file_id": photo["file_id"]})).await;
    let path = file["file_path"].as_str().unwrap();
    let url = format!("{}/file/bot{}/{path}", rig.telegram.url(), Settings::default().token);
    let bytes = rig.client.get(url).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&bytes[..], b"\x89PNG\r\n\x1a\nx");
    let big = rig.refusal("getFile", json!({"file_id": updates[1]["message"]["document"]["file_id"]})).await;
    assert_eq!(big, (400, "Bad Request: file is too big".to_owned()));

    let part = || Part::bytes(b"text".to_vec()).file_name("notes.txt").mime_str("text/plain").unwrap();
    let upload = Form::new().text("chat_id", "42").text("document", "attach://one").part("one", part());
    let answer: Value = rig
        .client
        .post(rig.address("sendDocument"))
        .multipart(upload)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["result"]["document"]["file_name"], json!("notes.txt"), "{answer}");
    let id = answer["result"]["document"]["file_id"].as_str().unwrap();
    assert_eq!(rig.telegram.file(id), Some(b"text".to_vec()));
    rig.call("sendDocument", json!({"chat_id": ANN, "document": id, "caption": "again"})).await;
    let wrong = Form::new().text("chat_id", "42").part("photo", part());
    let answer: Value = rig
        .client
        .post(rig.address("sendPhoto"))
        .multipart(wrong)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["description"], json!("Bad Request: IMAGE_PROCESS_FAILED"));
}

#[tokio::test]
async fn the_first_messages_have_the_number_that_is_wanted() {
    let rig = Rig::with(Settings { first_message: 5_000, ..Settings::default() }).await;
    let said = [ANN, GROUP, FORUM].map(|chat| rig.telegram.say(chat, ANN, "hello").message_id);
    assert_eq!(said, [5_000, 5_000, 5_000]);
    assert_eq!(rig.telegram.say(GROUP, ANN, "hello again").message_id, 5_001);
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
