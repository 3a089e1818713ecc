//! Telegram's refusals as errors: what each sentence means.

use super::*;

#[test]
fn sentences_of_telegram_are_understood() {
    for (code, description, expected) in [
        (400, "Bad Request: message is not modified: specified new message content ...", "NotModified"),
        (400, "Bad Request: message to edit not found", "MessageGone"),
        (400, "Bad Request: message thread not found", "TopicGone"),
        (400, "Bad Request: TOPIC_ID_INVALID", "TopicGone"),
        (400, "Bad Request: not enough rights to delete the topic", "Refused"),
        (400, "Bad Request: chat not found", "Closed"),
        (400, "Bad Request: message is too long", "Refused"),
        (401, "Unauthorized", "Unauthorized"),
        (404, "Not Found", "Unauthorized"),
        (404, "Not Found: method not found", "Refused"),
        (403, "Forbidden: bot was blocked by the user", "Blocked"),
        (403, "Forbidden: user is deactivated", "Blocked"),
        (400, "Bad Request: USER_IS_BLOCKED", "Blocked"),
        (403, "Forbidden: bot was kicked from the supergroup chat", "Closed"),
        (403, "Forbidden: bot is not a member of the supergroup chat", "Closed"),
        (403, "Forbidden: the group chat was deleted", "Closed"),
        (403, "Forbidden: a sentence that nobody knows yet", "Refused"),
        (413, "Request Entity Too Large", "Refused"),
        (408, "Request Timeout", "Server"),
        (500, "Internal Server Error: sent message was immediately deleted", "Refused"),
        (200, "", "Unreadable"),
        (409, "Conflict: terminated by other getUpdates request", "Conflict"),
        (429, "Too Many Requests: retry after 7", "Flood"),
        (502, "Bad Gateway", "Server"),
    ] {
        let error = ApiError::classify(code, description, Some(7), None);
        assert!(format!("{error:?}").starts_with(expected), "{description}: {error:?}");
    }
    let moved = ApiError::classify(400, "group chat was upgraded", None, Some(-100));
    assert!(matches!(moved, ApiError::Migrated(ChatId(-100))));
}
#[test]
fn refusals_name_the_part_that_is_wrong() {
    for (description, expected) in [
        (
            "can't parse entities: entity beginning at UTF-16 offset 3 ends after the end",
            Some(Part::Entities),
        ),
        ("ENTITIES_TOO_LONG", Some(Part::Entities)),
        ("ENTITY_BOUNDS_INVALID", Some(Part::Entities)),
        ("BUTTON_DATA_INVALID", Some(Part::Keyboard)),
        ("REPLY_MARKUP_TOO_LONG", Some(Part::Keyboard)),
        ("inline keyboard button URL 'x' is invalid: Wrong HTTP URL", Some(Part::Keyboard)),
        ("message to be replied not found", Some(Part::Reply)),
        ("REPLY_MESSAGE_ID_INVALID", Some(Part::Reply)),
        ("message to edit not found", Some(Part::Edited)),
        ("message can't be edited", Some(Part::Edited)),
        ("MESSAGE_ID_INVALID", Some(Part::Edited)),
        ("there is no text in the message to edit", Some(Part::Edited)),
        ("TOPIC_CLOSED", Some(Part::Topic)),
        ("message thread not found", Some(Part::Topic)),
        ("not enough rights to send text messages to the chat", Some(Part::Topic)),
        ("message is too long", Some(Part::Length)),
        ("MESSAGE_TOO_LONG", Some(Part::Length)),
        ("message text is empty", None),
        ("something that nobody knows yet", None),
    ] {
        let error = ApiError::classify(400, &format!("Bad Request: {description}"), None, None);
        assert_eq!(error.blames(), expected, "{description}");
        assert!(!error.is_passing(), "{description}");
    }
    assert_eq!(ApiError::classify(413, "", None, None).blames(), Some(Part::Length));
    assert_eq!(ApiError::Server(500).blames(), None);
}

#[test]
fn who_shuts_the_bot_out_is_told_from_a_message_that_is_not_taken() {
    for (code, description, expected) in [
        (403, "Forbidden: bot was blocked by the user", true),
        (403, "Forbidden: bot was kicked from the group chat", true),
        (400, "Bad Request: not enough rights to send text messages to the chat", true),
        (400, "Bad Request: can't parse entities", false),
        (403, "Forbidden: a sentence that nobody knows yet", false),
        (429, "Too Many Requests: retry after 7", false),
    ] {
        let error = ApiError::classify(code, description, None, None);
        assert_eq!(error.is_shut_out(), expected, "{description}");
    }
}
