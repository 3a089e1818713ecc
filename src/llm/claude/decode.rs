//! Converts wire events to neutral events, block by block. No I/O and no clock, so its tests are literals.
//! Every field may be missing or have an unexpected type (`lenient`); the readable ones are used.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::error::LlmError;
use super::super::event::{LlmEvent, StopReason, ToolCall};
use super::errors;
use super::lenient::{Joiner, Raw, fields, value, word};
use super::meter::{Meter, Origin};
use super::web;
use super::wire::{Delta, Ending, Event, Fault, Started};

/// The name of a call whose own name cannot be read. No such tool exists, and the result of the call says so.
const NAMELESS: &str = "unknown";

/// Folds the events of one stream.
#[derive(Default)]
pub(super) struct Decoder {
    started: bool,
    /// Blocks without an end so far, in the order of their beginnings.
    open: Vec<OpenBlock>,
    meter: Meter,
    stop: Option<StopReason>,
}

/// A block without an end so far: its start, completed by its deltas.
struct OpenBlock {
    /// The index of the block in the answer, if it can be read.
    index: Option<u32>,
    fields: Map<String, Value>,
    text: String,
    thinking: String,
    signature: String,
    input: String,
    citations: Vec<Value>,
    /// Joins the pieces of the block's text, thinking or input; a block has only one of them.
    joiner: Joiner,
}

type Events = Vec<Result<LlmEvent, LlmError>>;

impl Decoder {
    /// Reads one event from its name, if it has one, and its data. An unreadable or unknown event only shows
    /// that the connection is alive.
    pub(super) fn read(&mut self, name: Option<&str>, data: &str) -> Events {
        let events = match serde_json::from_str::<Event<'_>>(data) {
            Ok(event) => {
                let kind = word(event.kind).or(name.map(Cow::Borrowed));
                self.push(kind.as_deref().unwrap_or_default(), &event)
            }
            Err(error) => {
                // The error's text may quote the model's output.
                let (line, column) = (error.line(), error.column());
                tracing::warn!(line, column, "an event of the model stream cannot be read, skipping it");
                Vec::new()
            }
        };
        if events.is_empty() { vec![Ok(LlmEvent::Alive)] } else { events }
    }

    fn push(&mut self, kind: &str, event: &Event<'_>) -> Events {
        match kind {
            "message_start" => {
                let origin = if self.started { Origin::Restart } else { Origin::Start };
                self.started = true;
                let message: Started<'_> = fields(event.message);
                vec![Ok(LlmEvent::Usage(self.meter.read(message.usage, origin)))]
            }
            "content_block_start" => shown(self.start(index(event.index), event.content_block)),
            "content_block_delta" => {
                shown(self.delta(index(event.index), &fields(event.delta)).into_iter().collect())
            }
            "content_block_stop" => shown(self.end(index(event.index))),
            "message_delta" => {
                let ending: Ending<'_> = fields(event.delta);
                let reason = word(ending.stop_reason).map(|reason| storable(reason.into_owned()));
                let reason = reason.filter(|reason| !reason.is_empty());
                let reason = reason.as_deref().map(StopReason::from_wire);
                let mut events = reason.as_ref().map_or_else(Vec::new, |reason| self.end_all(reason));
                events.push(LlmEvent::Usage(self.meter.read(event.usage, Origin::End)));
                events.extend(reason.clone().map(LlmEvent::Ending));
                self.stop = reason.or(self.stop.take());
                shown(events)
            }
            "message_stop" => {
                let reason = self.stop.take().unwrap_or_else(|| StopReason::Other("none".to_owned()));
                let mut events = self.end_all(&reason);
                events.push(LlmEvent::Stop(reason));
                shown(events)
            }
            "error" => {
                let fault: Fault<'_> = fields(event.error);
                let kind = word(fault.kind).unwrap_or(Cow::Borrowed("api_error"));
                vec![Err(errors::in_stream(&kind, &word(fault.message).unwrap_or_default()))]
            }
            _ => Vec::new(),
        }
    }

    fn start(&mut self, index: Option<u32>, block: Raw<'_>) -> Vec<LlmEvent> {
        let Some(Value::Object(mut fields)) = block.and_then(value) else { return Vec::new() };
        if fields.get("type").and_then(Value::as_str).is_none_or(str::is_empty) {
            // Without any of these fields, the deltas decide the kind.
            let Some(kind) = ["name", "thinking", "text"].into_iter().find(|&name| fields.contains_key(name))
            else {
                return Vec::new();
            };
            let kind = if kind == "name" { "tool_use" } else { kind };
            fields.insert("type".to_owned(), kind.into());
        }
        // The index is in use: the end of the earlier block was lost.
        let mut events = if index.is_some() { self.end(index) } else { Vec::new() };
        let block = OpenBlock::new(index, fields);
        events.extend(match block.kind() {
            "text" if !block.text.is_empty() => Some(LlmEvent::Text(block.text.clone())),
            "thinking" => seen(&block.thinking),
            _ => None,
        });
        self.open.push(block);
        if events.is_empty() { vec![LlmEvent::Working] } else { events }
    }

    fn delta(&mut self, index: Option<u32>, delta: &Delta<'_>) -> Option<LlmEvent> {
        let more = More::of(delta)?;
        let block = self.block_for(index, &more);
        match more {
            More::Text(text) => {
                let text = storable(block.joiner.piece(Some(text))?.into_owned());
                block.text.push_str(&text);
                return (!text.is_empty()).then_some(LlmEvent::Text(text));
            }
            More::Thinking(thinking) => {
                let thinking = block.joiner.piece(Some(thinking))?;
                block.thinking.push_str(&thinking);
                return seen(&thinking);
            }
            More::Signature(signature) => block.signature.push_str(&word(Some(signature))?),
            More::InputJson(json) => block.input.push_str(&block.joiner.piece(Some(json))?),
            More::Citation(citation) => block.citations.push(value(citation)?),
        }
        Some(LlmEvent::Working)
    }

    /// Returns the block that a delta belongs to. A block that was not opened, or whose start could not be
    /// read, is opened here. A delta without an index belongs to the newest block of its kind.
    fn block_for(&mut self, index: Option<u32>, more: &More<'_>) -> &mut OpenBlock {
        let fits = |block: &OpenBlock| match index {
            Some(_) => block.index == index,
            None => block.kind() == more.kind(),
        };
        let placeless = |block: &OpenBlock| block.index.is_none() && block.kind() == more.kind();
        let mut blocks = self.open.iter();
        let at = blocks.rposition(fits).or_else(|| self.open.iter().rposition(placeless));
        let at = at.unwrap_or_else(|| {
            let fields = Map::from_iter([("type".to_owned(), more.kind().into())]);
            self.open.push(OpenBlock::new(index, fields));
            self.open.len() - 1
        });
        let block = &mut self.open[at];
        block.index = block.index.or(index);
        block
    }

    /// Ends the block at an index, or the newest block if there is no index.
    fn end(&mut self, index: Option<u32>) -> Vec<LlmEvent> {
        let at = match index {
            Some(_) => self.open.iter().position(|block| block.index == index),
            None => self.open.len().checked_sub(1),
        };
        at.map_or_else(Vec::new, |at| self.open.remove(at).finish())
    }

    /// Ends the blocks whose own end was lost, as far as they are complete.
    fn end_all(&mut self, reason: &StopReason) -> Vec<LlmEvent> {
        let complete = |block: &OpenBlock| match block.kind() {
            "thinking" => !block.signature.is_empty(),
            "tool_use" => reason.completes_calls() && block.arguments().is_ok(),
            _ => true,
        };
        std::mem::take(&mut self.open).into_iter().filter(complete).flat_map(OpenBlock::finish).collect()
    }
}

/// The content of a delta.
enum More<'a> {
    Text(&'a RawValue),
    Thinking(&'a RawValue),
    Signature(&'a RawValue),
    InputJson(&'a RawValue),
    Citation(&'a RawValue),
}

impl<'a> More<'a> {
    /// Reads a delta by its type, or without one by the field that is present.
    fn of(delta: &Delta<'a>) -> Option<Self> {
        let kind = word(delta.kind);
        let is = |name: &str| kind.as_deref().is_none_or(|kind| kind == name);
        let text = delta.text.filter(|_| is("text_delta")).map(Self::Text);
        text.or_else(|| delta.thinking.filter(|_| is("thinking_delta")).map(Self::Thinking))
            .or_else(|| delta.signature.filter(|_| is("signature_delta")).map(Self::Signature))
            .or_else(|| delta.partial_json.filter(|_| is("input_json_delta")).map(Self::InputJson))
            .or_else(|| delta.citation.filter(|_| is("citations_delta")).map(Self::Citation))
    }

    /// Returns the kind of block that has such deltas.
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Citation(_) => "text",
            Self::Thinking(_) | Self::Signature(_) => "thinking",
            Self::InputJson(_) => "tool_use",
        }
    }
}

impl OpenBlock {
    fn new(index: Option<u32>, fields: Map<String, Value>) -> Self {
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

    fn kind(&self) -> &str {
        self.fields.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the block as it must be sent back, and what it means: a call, the result of one, sources.
    fn finish(mut self) -> Vec<LlmEvent> {
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
    fn arguments(&self) -> Result<Value, String> {
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

fn index(raw: Raw<'_>) -> Option<u32> {
    raw?.get().trim_matches('"').parse().ok()
}

fn shown(events: Vec<LlmEvent>) -> Events {
    events.into_iter().map(Ok).collect()
}

/// Removes NUL from a text, the one character that PostgreSQL cannot store. Signed thinking is not changed,
/// because it is only sent back to the provider.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

/// Returns the visible part of thinking, or `None` if it is blank.
fn seen(thinking: &str) -> Option<LlmEvent> {
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
