//! Reading updates that are newer than the framework, or odder: it knows Bot API 9.1 and drops a whole message for one
//! entity of an unknown kind, or for a file whose type is missing or no type at all. Such entities only format, and a
//! type can be found in other ways; without them the message can be read.

use serde::Deserialize;
use serde_json::Value;
use teloxide::types::{MessageEntity, Update, UpdateKind};

/// Kinds of files of which the framework wants to be told the type.
const TYPED: &[&str] = &["animation", "audio", "document", "video", "voice"];

/// Reads an update, without what the framework does not understand; none if it cannot be read all the same.
pub(super) fn parse(payload: &str) -> Option<Update> {
    let mut value = Value::Null;
    if TYPED.iter().any(|kind| payload.contains(kind)) {
        value = serde_json::from_str(payload).ok()?;
    }
    if drop_odd_types(&mut value) { parse_known(&value.to_string()) } else { parse_known(payload) }
}

/// Forgets types of files that are none, and says where none is told; tells whether something was changed.
fn drop_odd_types(value: &mut Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter_mut().fold(false, |changed, (name, field)| {
            let inside = drop_odd_types(field);
            let Some(file) = field.as_object_mut().filter(|_| TYPED.contains(&name.as_str())) else {
                return changed | inside;
            };
            let is_type = |mime: &Value| mime.is_null() || mime.as_str().is_some_and(is_type);
            if file.get("mime_type").is_some_and(is_type) {
                return changed | inside;
            }
            file.insert("mime_type".to_owned(), Value::Null);
            true
        }),
        Value::Array(items) => items.iter_mut().fold(false, |changed, item| changed | drop_odd_types(item)),
        _ => false,
    }
}

/// Whether a text is a type and a subtype, without parameters: the framework reads not all of these.
fn is_type(mime: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    mime.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}

/// Reads an update, without the entities that the framework does not know.
fn parse_known(payload: &str) -> Option<Update> {
    let readable = |update: &Update| !matches!(update.kind, UpdateKind::Error(_));
    let mut value = Value::Null;
    if payload.contains("entities\"") {
        value = serde_json::from_str(payload).ok()?;
    }
    if !drop_unknown_entities(&mut value) {
        return serde_json::from_str(payload).ok().filter(readable);
    }
    // From text: the framework borrows the names of fields.
    serde_json::from_str(&value.to_string()).ok().filter(readable)
}

/// Tells whether something was dropped.
fn drop_unknown_entities(value: &mut Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter_mut().fold(false, |dropped, (name, field)| {
            let here = match field {
                Value::Array(entities) if name.ends_with("entities") => {
                    let before = entities.len();
                    entities.retain(|entity| MessageEntity::deserialize(entity).is_ok());
                    entities.len() < before
                }
                field => drop_unknown_entities(field),
            };
            dropped | here
        }),
        Value::Array(items) => {
            items.iter_mut().fold(false, |dropped, item| dropped | drop_unknown_entities(item))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_with_an_entity_of_tomorrow_is_read_without_it() {
        let entities = json!([
            {"type": "bold", "offset": 0, "length": 2},
            {"type": "date_time", "offset": 3, "length": 2, "unix_time": 1, "date_time_format": "t"},
        ]);
        let message = |text: &str, reply: Value| {
            json!({"message_id": 5, "date": 1, "text": text, "entities": entities, "reply_to_message": reply,
                "chat": {"id": 42, "type": "private", "first_name": "Ann"},
                "from": {"id": 42, "is_bot": false, "first_name": "Ann"}})
        };
        let mut inner = message("at 5", Value::Null);
        inner.as_object_mut().unwrap().remove("reply_to_message");
        let update = json!({"update_id": 1, "message": message("so 22:45", inner)});
        let Some(Update { kind: UpdateKind::Message(read), .. }) = parse(&update.to_string()) else {
            panic!("the message cannot be read");
        };
        assert_eq!(read.text(), Some("so 22:45"));
        assert_eq!(read.entities().map(<[_]>::len), Some(1));
        assert!(read.reply_to_message().is_some());
    }

    #[test]
    fn a_file_without_a_type_or_with_nonsense_for_one_is_read() {
        for mime in [json!({}), json!({"mime_type": "nonsense"}), json!({"mime_type": "audio/ogg"})] {
            let mut voice = json!({"file_id": "a", "file_unique_id": "b", "duration": 3});
            voice.as_object_mut().unwrap().extend(mime.as_object().unwrap().clone());
            let update = json!({"update_id": 1, "message": {"message_id": 5, "date": 1, "voice": voice,
                "chat": {"id": 42, "type": "private", "first_name": "Ann"},
                "from": {"id": 42, "is_bot": false, "first_name": "Ann"}}});
            let Some(Update { kind: UpdateKind::Message(read), .. }) = parse(&update.to_string()) else {
                panic!("a message with {mime} cannot be read");
            };
            assert_eq!(read.voice().unwrap().mime_type.is_some(), mime["mime_type"] == "audio/ogg");
        }
    }

    #[test]
    fn what_cannot_be_read_at_all_is_said_so() {
        assert!(parse(r#"{"update_id": 1, "message": {"text": 5}}"#).is_none());
        assert!(parse("nonsense").is_none());
    }
}
