//! Parameters of a call, independent of the encoding: JSON, form, multipart or query string. Strings of the
//! untyped encodings are read as the number, boolean or JSON value that they represent.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// Parameters whose value is text even if it looks like a number or JSON.
const TEXTS: [&str; 28] = [
    "text",
    "caption",
    "name",
    "title",
    "description",
    "short_description",
    "url",
    "parse_mode",
    "action",
    "callback_query_id",
    "file_id",
    "language_code",
    "secret_token",
    "photo",
    "document",
    "audio",
    "voice",
    "video",
    "animation",
    "performer",
    "icon_custom_emoji_id",
    "payload",
    "currency",
    "provider_token",
    "start_parameter",
    "pre_checkout_query_id",
    "error_message",
    "telegram_payment_charge_id",
];

/// A file of a multipart body.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    pub name: String,
    pub mime: String,
    pub bytes: Vec<u8>,
}

/// Parameters of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    values: Map<String, Value>,
    pub uploads: HashMap<String, Upload>,
    /// Who made the call, if its address says so.
    pub caller: Option<String>,
}

impl Params {
    /// Adds the fields of a JSON object unchanged.
    pub(super) fn add_object(&mut self, object: Map<String, Value>) {
        for (key, value) in object {
            match value {
                Value::String(text) => self.add_text(&key, text),
                Value::Null => {}
                other => {
                    self.values.insert(key, other);
                }
            }
        }
    }

    /// Adds one value of a form, multipart body or query string.
    pub(super) fn add_text(&mut self, key: &str, text: String) {
        let value = if TEXTS.contains(&key) { Value::String(text) } else { typed(text) };
        self.values.insert(key.to_owned(), value);
    }

    pub(super) fn uploaded_bytes(&self) -> usize {
        self.uploads.values().map(|upload| upload.bytes.len()).sum()
    }

    /// Returns all parameters as one JSON object, for the list of calls.
    pub(super) fn as_value(&self) -> Value {
        Value::Object(self.values.clone())
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Returns an integer; `None` if absent or unreadable, as the real service treats it.
    pub(super) fn int(&self, key: &str) -> Option<i64> {
        match self.values.get(key)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        match self.values.get(key) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => matches!(text.to_lowercase().as_str(), "true" | "yes" | "1"),
            _ => false,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key)?.as_str()
    }

    /// Returns a list. Any other type is refused.
    pub(super) fn list(&self, key: &str) -> Result<Option<&Vec<Value>>, Refusal> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(_) => Err(Refusal::bad(format!("can't parse {key} JSON object"))),
        }
    }

    /// Returns an object. Any other type is refused.
    pub(super) fn object(&self, key: &str) -> Result<Option<&Map<String, Value>>, Refusal> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(_) => Err(Refusal::bad("object expected as ".to_owned() + key)),
        }
    }

    /// Returns `chat_id`, if it is a number.
    pub(super) fn chat(&self) -> Option<i64> {
        self.int("chat_id")
    }
}

/// Parses an untyped string.
fn typed(text: String) -> Value {
    match text.as_bytes().first() {
        Some(b'{' | b'[') => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Some(b'-' | b'0'..=b'9') => text.parse::<i64>().map_or(Value::String(text), Value::from),
        _ if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        _ if text.eq_ignore_ascii_case("false") => Value::Bool(false),
        _ => Value::String(text),
    }
}
