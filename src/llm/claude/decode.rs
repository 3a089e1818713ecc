//! Wire events to neutral events, block by block. No I/O and no clock, so its tests are literals.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::error::LlmError;
use super::super::event::{LlmEvent, StopReason, ToolCall};
use super::errors;
use super::wire::{Delta, Event, MessageDelta, Usage as WireUsage};
use crate::domain::usage::Usage;

/// Folds the events of one stream.
#[derive(Default)]
pub(super) struct Decoder {
    open: BTreeMap<usize, OpenBlock>,
    usage: Usage,
    stop: Option<StopReason>,
}

/// A block whose end has not come: its start, completed by what the deltas brought.
struct OpenBlock {
    fields: Map<String, Value>,
    text: String,
    thinking: String,
    signature: String,
    input: String,
    citations: Vec<Value>,
}

impl Decoder {
    /// Reads the data of one event; one that cannot be read only shows that the provider is there, as new kinds must.
    pub(super) fn read(&mut self, data: &str) -> Vec<Result<LlmEvent, LlmError>> {
        let events = match Event::read(data) {
            Ok(event) => self.push(event),
            Err(error) => {
                // The error's text may quote the model's words.
                let (line, column) = (error.line(), error.column());
                tracing::warn!(line, column, "an event of the model stream cannot be read, skipping it");
                Vec::new()
            }
        };
        if events.is_empty() { vec![Ok(LlmEvent::Alive)] } else { events }
    }

    fn push(&mut self, event: Event) -> Vec<Result<LlmEvent, LlmError>> {
        match event {
            Event::MessageStart(start) => vec![Ok(self.merge(&start.message.usage))],
            Event::ContentBlockStart(start) => self.start(start.index, start.content_block),
            Event::ContentBlockDelta(more) => {
                self.delta(more.index, more.delta).map(Ok).into_iter().collect()
            }
            Event::ContentBlockStop(stop) => self
                .open
                .remove(&stop.index)
                .map_or_else(Vec::new, OpenBlock::finish)
                .into_iter()
                .map(Ok)
                .collect(),
            Event::MessageDelta(MessageDelta { delta, usage }) => {
                let reason = delta.stop_reason.map(storable);
                self.stop = reason.as_deref().map(StopReason::from_wire).or(self.stop.take());
                vec![Ok(self.merge(&usage))]
            }
            // Only now: a stream that ends without this event is broken, whatever came before.
            Event::MessageStop => {
                let reason = self.stop.take().unwrap_or_else(|| StopReason::Other("none".to_owned()));
                vec![Ok(LlmEvent::Stop(reason))]
            }
            Event::Error(body) => vec![Err(errors::in_stream(&body.error.kind, &body.error.message))],
            Event::Other => Vec::new(),
        }
    }

    fn start(&mut self, index: usize, block: Value) -> Vec<Result<LlmEvent, LlmError>> {
        let Value::Object(fields) = block else { return Vec::new() };
        let take = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let block = OpenBlock {
            text: storable(take("text")),
            thinking: take("thinking"),
            signature: take("signature"),
            input: String::new(),
            citations: Vec::new(),
            fields,
        };
        let first = match block.kind() {
            "text" if !block.text.is_empty() => Some(LlmEvent::Text(block.text.clone())),
            "thinking" => seen(&block.thinking),
            _ => None,
        };
        self.open.insert(index, block);
        first.map(Ok).into_iter().collect()
    }

    fn delta(&mut self, index: usize, delta: Delta) -> Option<LlmEvent> {
        let block = self.open.get_mut(&index)?;
        match delta {
            Delta::Text { text } => {
                let text = storable(text);
                block.text.push_str(&text);
                return (!text.is_empty()).then_some(LlmEvent::Text(text));
            }
            Delta::Thinking { thinking } => {
                block.thinking.push_str(&thinking);
                return seen(&thinking);
            }
            Delta::Signature { signature } => block.signature.push_str(&signature),
            Delta::InputJson { partial_json } => block.input.push_str(&partial_json),
            Delta::Citations { citation } => block.citations.push(citation),
            Delta::Other => {}
        }
        None
    }

    /// Later reports replace earlier ones field by field; the sums are cumulative.
    fn merge(&mut self, wire: &WireUsage) -> LlmEvent {
        let usage = &mut self.usage;
        usage.input = wire.input_tokens.unwrap_or(usage.input);
        usage.cache_read = wire.cache_read_input_tokens.unwrap_or(usage.cache_read);
        usage.output = wire.output_tokens.unwrap_or(usage.output);
        if let Some(split) = &wire.cache_creation {
            usage.cache_write_5m = split.ephemeral_5m_input_tokens;
            usage.cache_write_1h = split.ephemeral_1h_input_tokens;
        } else if let Some(total) = wire.cache_creation_input_tokens {
            // Without the split, everything beyond the known one-hour part counts as five minutes.
            usage.cache_write_5m = total.saturating_sub(usage.cache_write_1h);
        }
        if let Some(details) = &wire.output_tokens_details {
            usage.thinking = details.thinking_tokens;
        }
        if let Some(tools) = &wire.server_tool_use {
            usage.web_searches = tools.web_search_requests;
        }
        LlmEvent::Usage(*usage)
    }
}

impl OpenBlock {
    fn kind(&self) -> &str {
        self.fields.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// The block as it must be sent back, and the call if it is one of ours.
    fn finish(mut self) -> Vec<LlmEvent> {
        let mut events = Vec::new();
        match self.kind() {
            "text" => {
                let text = std::mem::take(&mut self.text);
                self.set("text", Value::String(text));
                if !self.citations.is_empty() {
                    let citations = std::mem::take(&mut self.citations);
                    self.set("citations", Value::Array(citations));
                }
            }
            "thinking" => {
                let (thinking, signature) =
                    (std::mem::take(&mut self.thinking), std::mem::take(&mut self.signature));
                self.set("thinking", Value::String(thinking));
                self.set("signature", Value::String(signature));
            }
            "tool_use" => {
                for name in ["id", "name"] {
                    let word = self.word(name);
                    self.set(name, Value::String(word));
                }
                let call = self.call();
                // What cannot be read goes back as an empty object: the provider takes nothing else.
                self.set("input", call.input.clone().unwrap_or_else(|_| Value::Object(Map::new())));
                events.push(LlmEvent::ToolCall(call));
            }
            "server_tool_use" if !self.input.is_empty() => {
                if let Ok(input) = self.arguments() {
                    self.set("input", input);
                }
            }
            _ => {}
        }
        events.insert(0, LlmEvent::Block(Value::Object(self.fields)));
        events
    }

    fn call(&self) -> ToolCall {
        ToolCall { id: self.word("id"), name: self.word("name"), input: self.arguments() }
    }

    fn word(&self, name: &str) -> String {
        storable(self.fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// A call without arguments sends no JSON at all.
    fn arguments(&self) -> Result<Value, String> {
        if self.input.trim().is_empty() {
            let given = self.fields.get("input").cloned().map(storable_value);
            return Ok(given.unwrap_or_else(|| Value::Object(Map::new())));
        }
        serde_json::from_str(&self.input).map(storable_value).map_err(|error| error.to_string())
    }

    fn set(&mut self, name: &str, value: Value) {
        self.fields.insert(name.to_owned(), value);
    }
}

/// The text without NUL, the one character that PostgreSQL cannot store. Signed thinking is not changed: it goes back to
/// the provider and nowhere else.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

/// What a person may see of thoughts, if it is anything.
fn seen(thinking: &str) -> Option<LlmEvent> {
    let thinking = storable(thinking.to_owned());
    (!thinking.is_empty()).then_some(LlmEvent::Thinking(thinking))
}

/// The same as [`storable`] for all words of a value, names included.
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
