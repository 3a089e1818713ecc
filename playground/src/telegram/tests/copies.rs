//! `copyMessage`: what a copy keeps, and what cannot be copied.

use serde_json::{Value, json};

use super::super::{NewFile, kinds};
use super::{ANN, FORUM, GROUP, Rig};
use crate::samples;

const BOB: i64 = 45;

impl Rig {
    /// Copies a message of Ann to Bob and returns the copy as Bob sees it.
    async fn copied(&self, message: i64, more: Value) -> Value {
        let mut params = json!({"chat_id": BOB, "from_chat_id": ANN, "message_id": message});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = self.call("copyMessage", params).await;
        let id = answer["message_id"].as_i64().unwrap();
        assert_eq!(answer, json!({"message_id": id}), "a copy is told by its id alone");
        self.telegram.messages(BOB).into_iter().find(|message| message.id == id).unwrap().raw
    }
}

#[tokio::test]
async fn a_copy_has_the_content_and_nothing_of_its_origin() {
    let rig = Rig::start().await;
    rig.telegram.say(BOB, BOB, "hi");
    let first = rig.telegram.say(ANN, ANN, "first");
    let reply = rig.telegram.reply(ANN, ANN, first.message_id, "see https://a.example");
    let copy = rig.copied(reply.message_id, json!({})).await;
    assert_eq!(
        (&copy["text"], &copy["entities"][0]["type"]),
        (&json!("see https://a.example"), &json!("url"))
    );
    assert_eq!((&copy["reply_to_message"], &copy["from"]["is_bot"]), (&Value::Null, &json!(true)));
    let keyboard = json!({"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]});
    let poll = rig.telegram.say_with(ANN, ANN, None, kinds::poll("Which?", &["a", "b"]));
    let copy = rig.copied(poll.message_id, json!({"reply_markup": keyboard})).await;
    assert_eq!((&copy["poll"]["question"], &copy["reply_markup"]), (&json!("Which?"), &keyboard));
    for (file, field) in [
        (NewFile::photo(90, 60).captioned("a caption"), "photo"),
        (NewFile::voice(2), "voice"),
        (NewFile::video_note(2), "video_note"),
        (NewFile::sticker("🙂", "image/webp", samples::png(8, 8)), "sticker"),
        (NewFile::animation("a.mp4").in_message(kinds::forwarded_from(7, "Olga")), "animation"),
    ] {
        let caption = file.caption.clone();
        let sent = rig.telegram.send(ANN, ANN, file);
        let copy = rig.copied(sent.message_id, json!({})).await;
        assert!(copy.get(field).is_some() && copy.get("forward_origin").is_none(), "{field}: {copy}");
        assert_eq!(copy["caption"].as_str().unwrap_or_default(), caption);
        let other = rig.copied(sent.message_id, json!({"caption": "another"})).await;
        let captioned = field != "sticker";
        assert_eq!(other["caption"].as_str(), captioned.then_some("another"), "{field}");
    }
    for fields in [kinds::contact("Olga", "+1"), kinds::location(1.0, 2.0), kinds::dice("🎲", 4)] {
        let sent = rig.telegram.say_with(ANN, ANN, None, fields.clone());
        let copy = rig.copied(sent.message_id, json!({})).await;
        let name = fields.as_object().unwrap().keys().next().unwrap().clone();
        assert_eq!(copy[&name], fields[&name]);
    }
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused() {
    let rig = Rig::start().await;
    for person in [BOB, 46, 47] {
        rig.telegram.say(person, person, "hi");
    }
    rig.telegram.block(46);
    rig.telegram.delete_account(47);
    let text = rig.telegram.say(ANN, ANN, "hi").message_id;
    let photo = rig.telegram.send(ANN, ANN, NewFile::photo(9, 9)).message_id;
    let mut quiz = kinds::poll("Which?", &["a", "b"]);
    quiz["poll"]["type"] = json!("quiz");
    let with = |fields: Value| rig.telegram.say_with(ANN, ANN, None, fields).message_id;
    let (quiz, story, list) = (with(quiz), with(kinds::story(7, "Olga")), with(kinds::checklist("a", &[])));
    let service = with(json!({"new_chat_title": "x"}));
    let protected = with(json!({"text": "x", "has_protected_content": true}));
    rig.telegram.kick_bot(GROUP);
    let topic = rig.telegram.create_topic(FORUM, "Topic");
    let copy = |chat: i64, message: i64| json!({"chat_id": chat, "from_chat_id": ANN, "message_id": message});
    let more = |fields: Value| {
        let mut params = copy(BOB, photo);
        params.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        params
    };
    for (params, code, sentence) in [
        (json!({"chat_id": BOB, "message_id": text}), 400, "from_chat_id is empty"),
        (json!({"chat_id": BOB, "from_chat_id": 9_999, "message_id": text}), 400, "chat not found"),
        (json!({"chat_id": BOB, "from_chat_id": GROUP, "message_id": 1}), 403, "bot was kicked"),
        (json!({"chat_id": BOB, "from_chat_id": ANN}), 400, "message identifier is not specified"),
        (copy(BOB, 9_999), 400, "Bad Request: message to copy not found"),
        (copy(46, text), 403, "Forbidden: bot was blocked by the user"),
        (copy(47, text), 403, "Forbidden: user is deactivated"),
        (copy(43, text), 403, "bot can't initiate conversation with a user"),
        (copy(9_999, text), 400, "chat not found"),
        (copy(BOB, quiz), 400, "Bad Request: message can't be copied"),
        (copy(BOB, story), 400, "message can't be copied"),
        (copy(BOB, list), 400, "message can't be copied"),
        (copy(BOB, service), 400, "message can't be copied"),
        (copy(BOB, protected), 400, "message can't be copied"),
        (copy(BOB, topic), 400, "message to copy not found"),
        (more(json!({"caption": "x".repeat(1_025)})), 400, "message caption is too long"),
        (more(json!({"reply_markup": {"inline_keyboard": [[{"text": "a"}]]}})), 400, ""),
        (more(json!({"message_thread_id": 99})), 400, "message thread not found"),
    ] {
        let (seen, said) = rig.refusal("copyMessage", params.clone()).await;
        assert!(seen == code && said.contains(sentence), "{params}: {seen} {said}");
    }
    rig.telegram.forbid_voice(BOB);
    let voice = rig.telegram.send(ANN, ANN, NewFile::voice(1)).message_id;
    assert_eq!(rig.refusal("copyMessage", copy(BOB, voice)).await.1, "Bad Request: VOICE_MESSAGES_FORBIDDEN");
}
