//! A block of an answer while it arrives, and what it means at its end: a text with sources, signed thinking,
//! a call.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::llm::claude::lenient::{Joiner, value};
use crate::llm::claude::web;
use crate::llm::event::{LlmEvent, ToolCall};

/// The name of a call whose own name cannot be read. No such tool exists, and the result of the call says so.
const NAMELESS: &str = "unknown";

/// A block without an end so far: its start, completed by its deltas.
pub(super) struct OpenBlock {
    /// The index of the block in the answer, if it can be read.
    pub(super) index: Option<u32>,
    fields: Map<String, Value>,
    pub(super) text: String,
    pub(super) thinking: String,
    pub(super) signature: String,
    pub(super) input: String,
    pub(super) citations: Vec<Value>,
    /// Joins the pieces of the block's text, thinking or input; a block has only one of them.
    pub(super) joiner: Joiner,
}

impl OpenBlock {
    pub(super) fn new(index: Option<u32>, fields: Map<String, Value>) -> Self {
        let take = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            index,
            text: storable(take("text")),
            thinking: take("thinking"),
            signature: take("signature"),
            input: String::new(),
            citations: Vec::new(),
            joiner: Joiner::default(),
            fields,
        }
    }

    pub(super) fn kind(&self) -> &str {
        self.fields.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the block as it must be sent back, and what it means: a call, the result of one, sources.
    pub(super) fn finish(mut self) -> Vec<LlmEvent> {
        let mut events = Vec::new();
        match self.kind() {
            "text" => {
                let text = std::mem::take(&mut self.text);
                self.set("text", Value::String(text));
                events.extend(self.cited());
            }
            "thinking" => {
                let (thinking, signature) =
                    (std::mem::take(&mut self.thinking), std::mem::take(&mut self.signature));
                self.set("thinking", Value::String(thinking));
                self.set("signature", Value::String(signature));
            }
            "tool_use" => {
                let call = self.call();
                self.set("id", Value::String(call.id.clone()));
                self.set("name", Value::String(call.name.clone()));
                // Unreadable input is sent back as an empty object, because the provider accepts only
                // objects.
                self.set("input", call.input.clone().unwrap_or_else(|_| Value::Object(Map::new())));
                events.push(LlmEvent::ToolCall(call));
            }
            "server_tool_use" => {
                self.set("input", self.arguments().unwrap_or_else(|_| Value::Object(Map::new())));
                events.extend(web::call(&self.fields).map(LlmEvent::ServerCall));
            }
            _ => events.extend(web::result(&self.fields).map(LlmEvent::ServerResult)),
        }
        events.insert(0, LlmEvent::Block(Value::Object(self.fields)));
        events
    }

    /// Completes the citations of a text, and returns those that can be shown.
    fn cited(&mut self) -> Option<LlmEvent> {
        let mut citations = match self.fields.get("citations") {
            Some(Value::Array(given)) => given.clone(),
            _ => Vec::new(),
        };
        citations.append(&mut self.citations);
        let sources: Vec<_> = citations.iter().filter_map(web::citation).collect();
        if !citations.is_empty() {
            self.set("citations", Value::Array(citations));
        }
        (!sources.is_empty()).then_some(LlmEvent::Cited(sources))
    }

    /// Returns the call. Required fields that cannot be read are replaced by names of ours.
    fn call(&self) -> ToolCall {
        let given = |name: &str| Some(self.word(name)).filter(|word| !word.is_empty());
        let id = given("id").unwrap_or_else(|| format!("toolu_{:016x}", rand::random::<u64>()));
        let name = given("name").unwrap_or_else(|| NAMELESS.to_owned());
        ToolCall { id, name, input: self.arguments() }
    }

    fn word(&self, name: &str) -> String {
        storable(self.fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Parses the arguments. A call without arguments sends no JSON at all.
    pub(super) fn arguments(&self) -> Result<Value, String> {
        if self.input.trim().is_empty() {
            let given = self.fields.get("input").filter(|input| input.is_object());
            return Ok(given.map_or_else(|| Value::Object(Map::new()), |given| storable_value(given.clone())));
        }
        let raw: &RawValue = serde_json::from_str(&self.input).map_err(|error| error.to_string())?;
        let read = value(raw).filter(Value::is_object).map(storable_value);
        read.ok_or_else(|| "the arguments are not an object".to_owned())
    }

    fn set(&mut self, name: &str, value: Value) {
        self.fields.insert(name.to_owned(), value);
    }
}

/// Removes NUL from a text, the one character that PostgreSQL cannot store. Signed thinking is not changed,
/// because it is only sent back to the provider.
pub(super) fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

/// Returns the visible part of thinking, or `None` if it is blank.
pub(super) fn seen(thinking: &str) -> Option<LlmEvent> {
    let thinking = storable(thinking.to_owned());
    (!thinking.is_empty()).then_some(LlmEvent::Thinking(thinking))
}

/// Removes NUL from all strings of a value, including names, as [`storable`] does.
fn storable_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(text)),
        Value::Array(values) => values.into_iter().map(storable_value).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (storable(name), storable_value(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}
