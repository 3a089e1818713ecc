//! Tokens, unknown methods, and the methods beside those for messages.

use serde_json::{Value, json};

use super::super::{ANN, FORUM, GROUP, Rig};
use super::refuses;

#[tokio::test]
async fn tokens_and_methods() {
    let rig = Rig::start().await;
    for (path, code, sentence) in [
        ("bot999:OTHER/getMe", 401, "Unauthorized"),
        ("botnonsense/getMe", 404, "Not Found"),
        ("bot123456:TEST-TOKEN/makeCoffee", 404, "Not Found: method not found"),
        ("elsewhere", 404, "Not Found"),
        ("file/bot999:OTHER/documents/x", 401, "Unauthorized"),
        ("file/bot123456:TEST-TOKEN/documents/x", 404, "Not Found: invalid file path"),
    ] {
        let url = format!("{}/{path}", rig.telegram.url());
        let response = rig.client.get(url).send().await.unwrap();
        assert_eq!(response.status().as_u16(), code, "{path}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer, json!({"ok": false, "error_code": code, "description": sentence}), "{path}");
    }
}

#[tokio::test]
async fn everything_else() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let topic = rig.telegram.create_topic(FORUM, "Topic");
    let command =
        |name: &str, description: &str| json!({"commands": [{"command": name, "description": description}]});
    let query = "query is too old and response timeout expired or query id is invalid";
    refuses(
        &rig,
        vec![
            ("answerCallbackQuery", json!({"callback_query_id": "1"}), 400, query),
            ("setMyCommands", command("Start", "x"), 400, "BOT_COMMAND_INVALID"),
            ("setMyCommands", command(&"a".repeat(33), "x"), 400, "BOT_COMMAND_INVALID"),
            ("setMyCommands", command("start", ""), 400, "BOT_COMMAND_DESCRIPTION_INVALID"),
            ("setMyCommands", json!({"commands": [], "scope": {"type": "chat"}}), 400, "BotCommandScope"),
            ("getMyCommands", json!({"language_code": "english"}), 400, "invalid language code specified"),
            (
                "getFile",
                json!({"file_id": "unknown"}),
                400,
                "wrong file_id or the file is temporarily unavailable",
            ),
            ("getChat", json!({"chat_id": -5}), 400, "chat not found"),
            ("getChatMember", json!({"chat_id": GROUP, "user_id": 12345}), 400, "PARTICIPANT_ID_INVALID"),
            ("createForumTopic", json!({"chat_id": GROUP, "name": "x"}), 400, "the chat is not a forum"),
            ("createForumTopic", json!({"chat_id": FORUM, "name": " "}), 400, "TOPIC_TITLE_EMPTY"),
            (
                "createForumTopic",
                json!({"chat_id": FORUM, "name": "x".repeat(129)}),
                400,
                "TOPIC_TITLE_TOO_LONG",
            ),
            ("createForumTopic", json!({"chat_id": FORUM, "name": "x", "icon_color": 5}), 400, "ICON_COLOR"),
            (
                "editForumTopic",
                json!({"chat_id": FORUM, "message_thread_id": 77, "name": "x"}),
                400,
                "TOPIC_ID_INVALID",
            ),
            (
                "editForumTopic",
                json!({"chat_id": FORUM, "message_thread_id": topic, "name": "Topic"}),
                400,
                "NOT_MODIFIED",
            ),
            (
                "reopenForumTopic",
                json!({"chat_id": FORUM, "message_thread_id": topic}),
                400,
                "TOPIC_NOT_MODIFIED",
            ),
            ("sendDocument", json!({"chat_id": ANN}), 400, "there is no document in the request"),
            ("sendDocument", json!({"chat_id": ANN, "document": "unknown"}), 400, "wrong file identifier"),
            (
                "sendPhoto",
                json!({"chat_id": ANN, "caption": "x".repeat(1025)}),
                400,
                "message caption is too long",
            ),
            (
                "setWebhook",
                json!({"url": "http://example.org/"}),
                400,
                "An HTTPS URL must be provided for webhook",
            ),
            ("setWebhook", json!({"url": "https://a.b", "secret_token": "a b"}), 400, "unallowed characters"),
        ],
    )
    .await;
    let press = rig.telegram.press(ANN, ANN, 1, "data");
    rig.call("answerCallbackQuery", json!({"callback_query_id": press, "text": "done"})).await;
    let again = rig.refusal("answerCallbackQuery", json!({"callback_query_id": press})).await;
    assert_eq!(again, (400, format!("Bad Request: {query}")));
    assert_eq!(rig.telegram.press_answer(&press).unwrap()["text"], json!("done"));
}
