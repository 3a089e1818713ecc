//! Commands: which are for the bot, and what stands around them.

use serde_json::{Value, json};

use super::super::*;
use super::{file, group, mention, private, prompt, read_message};
use crate::telegram::commands::Command;

#[test]
fn commands_are_ours_only_with_our_name_or_none() {
    for (text, expected) in [
        ("/start", Some(Command::Start)),
        ("/start@starling_bot deep-link", Some(Command::Start)),
        ("/STOP", Some(Command::Stop)),
        ("/Balance", Some(Command::Balance)),
        ("/balance@someone_else", None),
        ("/home/me@work", None),
        ("/stop!", None),
        ("/stop", Some(Command::Stop)),
        ("/stop@other_bot", None),
        ("/help@Starling_Bot", Some(Command::Help)),
        ("start", None),
        ("/", None),
    ] {
        let found = match read_message(&private(&json!({"text": text}))) {
            Inbound::Command(command, _) => Some(command),
            _ => None,
        };
        assert_eq!(found, expected, "{text}");
    }
}

/// Returns the command of a message and the text after it.
fn command(message: &Value) -> Option<(Command, String)> {
    match read_message(message) {
        Inbound::Command(command, header) => Some((command, header.arguments)),
        _ => None,
    }
}

#[test]
fn a_command_may_stand_in_a_caption_and_behind_a_mention_of_the_bot() {
    let photo = json!([file(&json!({"width": 1, "height": 1}))]);
    let user = |id: i64| json!([{"type": "text_mention", "offset": 0, "length": 8, "user": {"id": id, "first_name": "S"}}]);
    let found = |command, arguments: &str| Some((command, arguments.to_owned()));
    for (fields, expected) in [
        (json!({"photo": photo, "caption": "/Balance"}), found(Command::Balance, "")),
        (json!({"text": "@starling_bot /balance", "entities": mention(0, 13)}), found(Command::Balance, "")),
        (json!({"text": " @Starling_Bot  /PAY 50 ", "entities": mention(1, 13)}), found(Command::Pay, "50")),
        (
            json!({"photo": photo, "caption": "@starling_bot /stop", "caption_entities": mention(0, 13)}),
            found(Command::Stop, ""),
        ),
        (json!({"text": "Starling /stop", "entities": user(7)}), found(Command::Stop, "")),
        // Another account is mentioned, or none: Telegram creates no mention in code.
        (json!({"text": "Starling /stop", "entities": user(8)}), None),
        (json!({"text": "@somebody_els /stop", "entities": mention(0, 13)}), None),
        (json!({"text": "@starling_bot /stop"}), None),
        (json!({"text": "say @starling_bot /stop", "entities": mention(4, 13)}), None),
    ] {
        assert_eq!(command(&group(&fields)), expected, "{fields}");
        assert_eq!(command(&private(&fields)), expected, "{fields}");
    }
}

#[test]
fn a_command_of_another_bot_is_never_ours() {
    let ours = json!({"message_id": 3, "from": {"id": 7, "is_bot": true, "first_name": "Starling"}, "text": "An answer"});
    for text in ["/stop@other_bot", "/weather@other_bot Berlin"] {
        let reply = json!({"text": text, "reply_to_message": ours});
        assert_eq!(read_message(&group(&reply)), Inbound::Ignored(Idle::NotAddressed, "text"));
        assert_eq!(prompt(read_message(&private(&reply))).text, text, "nobody else is there to answer");
    }
    // A text for this bot about another one.
    let told = json!({"text": "@starling_bot /stop@other_bot", "entities": mention(0, 13)});
    assert_eq!(prompt(read_message(&group(&told))).text, "@starling_bot /stop@other_bot");
}

#[test]
fn an_unknown_command_alone_is_no_question_to_the_model() {
    let unknown = |message: &Value| match read_message(message) {
        Inbound::UnknownCommand(word, _) => Some(word),
        _ => None,
    };
    let ours = json!({"message_id": 3, "from": {"id": 7, "is_bot": true, "first_name": "Starling"}, "text": "An answer"});
    for (message, word) in [
        (private(&json!({"text": "/joke"})), Some("joke")),
        (private(&json!({"text": " /Joke \n"})), Some("Joke")),
        (private(&json!({"text": "/joke@starling_bot"})), Some("joke")),
        (group(&json!({"text": "/joke@starling_bot"})), Some("joke")),
        (group(&json!({"text": "@starling_bot /joke", "entities": mention(0, 13)})), Some("joke")),
        (group(&json!({"text": "/joke", "reply_to_message": ours})), Some("joke")),
        (group(&json!({"text": "/joke"})), None),
        (group(&json!({"text": "/joke@other_bot"})), None),
        (private(&json!({"text": "/joke about cats"})), None),
        (private(&json!({"text": "/etc/passwd"})), None),
        (private(&json!({"text": format!("/{}", "x".repeat(33))})), None),
        (private(&json!({"caption": "/joke", "photo": [{"file_id": "a", "file_unique_id": "a"}]})), None),
    ] {
        assert_eq!(unknown(&message).as_deref(), word, "{message}");
    }
    let more = prompt(read_message(&private(&json!({"text": "/joke about cats"}))));
    assert_eq!(more.text, "/joke about cats");
}
