//! Converts wire events to neutral events, block by block. No I/O and no clock, so its tests are literals.
//! Every field may be missing or have an unexpected type (`lenient`); the readable ones are used.

mod block;

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use self::block::{OpenBlock, seen, storable};
use super::super::error::LlmError;
use super::super::event::{LlmEvent, StopReason};
use super::errors;
use super::lenient::{Raw, fields, value, word};
use super::meter::{Meter, Origin};
use super::wire::{Delta, Ending, Event, Fault, Started};

/// Folds the events of one stream.
#[derive(Default)]
pub(super) struct Decoder {
    started: bool,
    /// Blocks without an end so far, in the order of their beginnings.
    open: Vec<OpenBlock>,
    meter: Meter,
    stop: Option<StopReason>,
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

fn index(raw: Raw<'_>) -> Option<u32> {
    raw?.get().trim_matches('"').parse().ok()
}

fn shown(events: Vec<LlmEvent>) -> Events {
    events.into_iter().map(Ok).collect()
}
