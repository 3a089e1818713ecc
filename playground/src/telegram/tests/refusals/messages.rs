//! Messages, drafts, edits and deletions.

use serde_json::{Value, json};

use super::super::{ANN, FORUM, GROUP, Rig};
use super::refuses;

#[tokio::test]
async fn texts_and_targets() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    rig.telegram.say(45, 45, "hi");
    rig.telegram.block(45);
    rig.telegram.kick_bot(GROUP);
    let topic = rig.telegram.create_topic(FORUM, "Topic");
    let long = "x".repeat(4097);
    let invisible = "\u{200b}\u{feff}\u{2800}\u{200f}\u{3164}\u{ad}\u{fe0f}\u{a0}";
    let send = |params: Value| ("sendMessage", params);
    let table = [
        (send(json!({"text": "x"})), 400, "Bad Request: chat_id is empty"),
        (send(json!({"chat_id": 77, "text": "x"})), 400, "Bad Request: chat not found"),
        (send(json!({"chat_id": "@nobody", "text": "x"})), 400, "Bad Request: chat not found"),
        (
            ("setMyCommands", json!({"commands": [], "scope": {"type": "chat", "chat_id": 43}})),
            400,
            "Bad Request: chat not found",
        ),
        (send(json!({"chat_id": 43, "text": "x"})), 403, "bot can't initiate conversation with a user"),
        (send(json!({"chat_id": 45, "text": "x"})), 403, "Forbidden: bot was blocked by the user"),
        (send(json!({"chat_id": GROUP, "text": "x"})), 403, "bot was kicked from the supergroup chat"),
        (send(json!({"chat_id": ANN})), 400, "Bad Request: message text is empty"),
        (send(json!({"chat_id": ANN, "text": " \n "})), 400, "Bad Request: message text is empty"),
        (send(json!({"chat_id": ANN, "text": invisible})), 400, "Bad Request: message text is empty"),
        (send(json!({"chat_id": ANN, "text": long})), 400, "Bad Request: message is too long"),
        (send(json!({"chat_id": ANN, "text": "x".repeat(32_769)})), 400, "Bad Request: text is too long"),
        (send(json!({"chat_id": ANN, "text": "x", "message_thread_id": 9})), 400, "message thread not found"),
        (
            send(json!({"chat_id": FORUM, "text": "x", "message_thread_id": topic + 1})),
            400,
            "message thread not found",
        ),
        (
            send(json!({"chat_id": ANN, "text": "x", "reply_parameters": {"message_id": 999}})),
            400,
            "Bad Request: message to be replied not found",
        ),
    ];
    refuses(
        &rig,
        table.into_iter().map(|((method, params), code, text)| (method, params, code, text)).collect(),
    )
    .await;
    let kept = json!({"chat_id": ANN, "text": "x", "reply_parameters": {"message_id": 999, "allow_sending_without_reply": true}});
    assert_eq!(rig.call("sendMessage", kept).await["reply_to_message"], Value::Null);
    let most = format!("  {}\n", "😀".repeat(4096));
    let whole = rig.call("sendMessage", json!({"chat_id": ANN, "text": most})).await;
    assert_eq!(whole["text"].as_str().map(|text| text.chars().count()), Some(4096));
}

#[tokio::test]
async fn edits_deletions_and_drafts() {
    let rig = Rig::start().await;
    let theirs = rig.telegram.say(ANN, ANN, "hi").message_id;
    rig.telegram.say(GROUP, ANN, "hi");
    let own = rig.call("sendMessage", json!({"chat_id": ANN, "text": "answer"})).await["message_id"].clone();
    let long = "x".repeat(4097);
    let same = "message is not modified: specified new message content and reply markup are exactly the same as a \
                current content and reply markup of the message";
    refuses(
        &rig,
        vec![
            (
                "editMessageText",
                json!({"chat_id": ANN, "message_id": 999, "text": "x"}),
                400,
                "message to edit not found",
            ),
            (
                "editMessageText",
                json!({"chat_id": ANN, "message_id": theirs, "text": "x"}),
                400,
                "message can't be edited",
            ),
            ("editMessageText", json!({"chat_id": ANN, "message_id": own, "text": "answer "}), 400, same),
            (
                "editMessageText",
                json!({"chat_id": ANN, "message_id": own, "text": long}),
                400,
                "MESSAGE_TOO_LONG",
            ),
            (
                "editMessageText",
                json!({"chat_id": ANN, "message_id": own, "text": ""}),
                400,
                "message text is empty",
            ),
            ("editMessageReplyMarkup", json!({"chat_id": ANN, "message_id": own}), 400, same),
            ("deleteMessage", json!({"chat_id": ANN, "message_id": 999}), 400, "message to delete not found"),
            (
                "deleteMessages",
                json!({"chat_id": ANN, "message_ids": []}),
                400,
                "message identifiers are not specified",
            ),
            (
                "sendMessageDraft",
                json!({"chat_id": ANN, "text": "x"}),
                400,
                "draft_id must be a non-zero integer",
            ),
            (
                "sendMessageDraft",
                json!({"chat_id": ANN, "draft_id": 0, "text": "x"}),
                400,
                "draft_id must be",
            ),
            (
                "sendMessageDraft",
                json!({"chat_id": ANN, "draft_id": 1, "text": long}),
                400,
                "message is too long",
            ),
            ("sendMessageDraft", json!({"chat_id": GROUP, "draft_id": 1, "text": "x"}), 400, "private chats"),
            ("sendMessageDraft", json!({"chat_id": 43, "draft_id": 1, "text": "x"}), 403, "can't initiate"),
            (
                "sendChatAction",
                json!({"chat_id": ANN, "action": "dancing"}),
                400,
                "wrong parameter action in request",
            ),
        ],
    )
    .await;
    assert_eq!(rig.telegram.messages(ANN).last().map(|message| message.edits), Some(0));
}
