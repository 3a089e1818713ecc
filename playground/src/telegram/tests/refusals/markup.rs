//! Entities, parse modes and keyboards.

use serde_json::{Value, json};

use super::super::{ANN, Rig};

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
