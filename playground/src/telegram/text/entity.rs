//! A text and its formatting as data.

use serde_json::Value;

/// A text and its formatting, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Formatted {
    pub text: String,
    pub entities: Vec<Value>,
}

/// A piece of formatting; offset and length are UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entity {
    pub(super) kind: String,
    pub(super) offset: usize,
    pub(super) length: usize,
    /// Fields beside type, offset and length: `url`, `language`, `user`, `custom_emoji_id`.
    pub(super) extra: serde_json::Map<String, Value>,
}

impl Entity {
    pub(super) fn new(kind: &str, offset: usize, end: usize) -> Self {
        let extra = serde_json::Map::new();
        Self { kind: kind.to_owned(), offset, length: end.saturating_sub(offset), extra }
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn end(&self) -> usize {
        self.offset + self.length
    }

    pub(super) fn is_code(&self) -> bool {
        matches!(self.kind.as_str(), "code" | "pre")
    }

    pub(super) fn is_quote(&self) -> bool {
        matches!(self.kind.as_str(), "blockquote" | "expandable_blockquote")
    }

    pub(super) fn into_value(self) -> Value {
        let mut object = self.extra;
        object.insert("type".to_owned(), self.kind.into());
        object.insert("offset".to_owned(), self.offset.into());
        object.insert("length".to_owned(), self.length.into());
        Value::Object(object)
    }
}
