//! One table for each group of methods: what the real service refuses is refused, in its words.

use serde_json::{Value, json};

use super::{ANN, FORUM, GROUP, Rig};

async fn refuses(rig: &Rig, table: Vec<(&str, Value, i64, &str)>) {
    for (method, params, code, sentence) in table {
        let (seen_code, seen) = rig.refusal(method, params.clone()).await;
        assert!(seen_code == code && seen.contains(sentence), "{method} {params}: {seen_code} {seen}");
    }
}

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
async fn formatting() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let entity =
        |kind: &str, offset: i64, length: i64| json!({"type": kind, "offset": offset, "length": length});
    for (text, entities, sentence) in [
        ("abc", json!([entity("bold", 1, 3)]), "ends after the end of the text at UTF-16 offset 3"),
        ("a😀b", json!([entity("bold", 2, 1)]), "begins in a middle of a UTF-16 symbol"),
        ("a😀b", json!([entity("bold", 0, 2)]), "ends in a middle of a UTF-16 symbol"),
        ("abc", json!([entity("bold", -1, 2)]), "negative offset or length"),
        ("abc", json!([entity("sparkle", 0, 1)]), "Unsupported type specified"),
        ("abc", json!([entity("text_link", 0, 1)]), "Can't find field \"url\""),
        ("abc", json!([{"type": "bold", "offset": 0}]), "Can't find field \"length\""),
        ("abc", json!(["bold"]), "expected an Object as MessageEntity"),
    ] {
        let params = json!({"chat_id": ANN, "text": text, "entities": entities});
        let (code, seen) = rig.refusal("sendMessage", params).await;
        assert!(code == 400 && seen.starts_with("Bad Request: can't parse entities"), "{seen}");
        assert!(seen.contains(sentence), "{seen}");
    }
    for (mode, text, sentence) in [
        ("HTML", "<b>x", "Can't find end tag corresponding to start tag \"b\""),
        ("MarkdownV2", "x.", "Character '.' is reserved"),
        ("Markdown", "*x*", "legacy Markdown"),
        ("Wiki", "x", "Bad Request: unsupported parse_mode"),
    ] {
        let params = json!({"chat_id": ANN, "text": text, "parse_mode": mode});
        let (code, seen) = rig.refusal("sendMessage", params).await;
        assert!(code == 400 && seen.contains(sentence), "{seen}");
    }
    let violations = rig.telegram.violations();
    assert_eq!(violations.len(), 11, "{violations:?}");
    let sent =
        rig.call("sendMessage", json!({"chat_id": ANN, "text": "<b>x</b>", "parse_mode": "html"})).await;
    assert_eq!((&sent["text"], &sent["entities"]), (&json!("x"), &json!([entity("bold", 0, 1)])));
}

#[tokio::test]
async fn keyboards() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let button = |button: Value| json!({"inline_keyboard": [[button]]});
    for (markup, sentence) in [
        (button(json!({"text": "a", "callback_data": ""})), "BUTTON_DATA_INVALID"),
        (button(json!({"text": "a", "callback_data": "я".repeat(33)})), "BUTTON_DATA_INVALID"),
        (button(json!({"text": "", "callback_data": "x"})), "Text must be non-empty"),
        (button(json!({"text": "a"})), "Text buttons are unallowed in the inline keyboard"),
        (button(json!({"text": "a", "url": "nowhere"})), "is invalid"),
        (
            button(json!({"text": "a", "callback_data": "a", "style": "green"})),
            "invalid button style specified",
        ),
        (button(json!({"text": "a", "callback_data": "a", "style": 1})), "invalid button style specified"),
        (json!({"inline_keyboard": {}}), "must be an Array"),
        (json!({"inline_keyboard": ["a"]}), "expected an Array"),
        (json!("{broken"), "object expected"),
    ] {
        let params = json!({"chat_id": ANN, "text": "x", "reply_markup": markup});
        let (code, seen) = rig.refusal("sendMessage", params.clone()).await;
        assert!(code == 400 && seen.contains(sentence), "{params}: {seen}");
    }
    let markup = button(json!({"text": "a", "callback_data": "я".repeat(32)}));
    let sent = rig
        .call("sendMessage", json!({"chat_id": ANN, "text": "x", "reply_markup": markup.to_string()}))
        .await;
    assert_eq!(sent["reply_markup"], markup);
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
