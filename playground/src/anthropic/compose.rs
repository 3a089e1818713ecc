//! Composes an answer from steps before the first byte is sent: the events with the places at which to wait,
//! and the same answer as one message. Sending then costs one timer and one slice per delta.

mod blocks;
mod server_tools;

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};

use super::answer::{ComposedAnswer, Item, Pace, ThinkingShown};
use super::cache::InputUsage;
use super::error::ApiError;
use super::ids::Ids;
use super::meter::Meter;
use super::models::Model;
use super::reply::{Step, StopReason};
use super::wire::{self, Delta};

/// Limit of pings per step.
const MOST_PINGS: usize = 1_000;

/// What an answer depends on in addition to its steps.
pub(super) struct ComposeInput<'a> {
    pub(super) body: &'a Value,
    pub(super) model: &'static Model,
    pub(super) input: InputUsage,
    /// The prompt to which signatures are bound.
    pub(super) prefix: u64,
    pub(super) chunk_chars: usize,
    pub(super) ids: &'a Ids,
    pub(super) request_id: &'a str,
}

/// Composes the whole answer.
pub(super) fn compose(frame: &ComposeInput<'_>, steps: Vec<Step>) -> ComposedAnswer {
    let mut composer = Composer::new(frame);
    for step in steps {
        if composer.over {
            break;
        }
        composer.play(step);
    }
    if composer.raw && !composer.over {
        composer.finish();
    }
    if !composer.over {
        composer.stop(if composer.called { StopReason::ToolUse } else { StopReason::EndTurn });
    }
    composer.answer
}

enum Open {
    Text(String),
    Thinking(String),
}

struct Composer<'a> {
    frame: &'a ComposeInput<'a>,
    bytes: Vec<u8>,
    answer: ComposedAnswer,
    prefix: u64,
    open: Option<Open>,
    slow: Option<Duration>,
    thinking: ThinkingShown,
    meter: Meter,
    /// How often each of the API's own tools was used.
    uses: HashMap<String, u64>,
    called: bool,
    /// Whether a step ends the answer.
    raw: bool,
    over: bool,
}

impl<'a> Composer<'a> {
    fn new(frame: &'a ComposeInput<'a>) -> Self {
        let message = json!({
            "id": frame.ids.next("msg_"), "type": "message", "role": "assistant", "model": frame.body["model"],
            "content": [], "stop_reason": null, "stop_sequence": null, "stop_details": null, "container": null,
            "usage": null,
        });
        let mut composer = Self {
            frame,
            bytes: Vec::with_capacity(8192),
            answer: ComposedAnswer {
                buffer: Bytes::new(),
                items: Vec::new(),
                message,
                error: None,
                paused_at: None,
            },
            prefix: frame.prefix,
            open: None,
            slow: None,
            thinking: ThinkingShown::of(frame.body, frame.model),
            meter: Meter::new(frame.input, frame.body),
            uses: HashMap::new(),
            called: false,
            raw: false,
            over: false,
        };
        composer.answer.message["usage"] = composer.meter.usage();
        let start = json!({"type":"message_start","message":composer.answer.message});
        composer.send(Pace::AtOnce, |bytes| wire::event(bytes, &start));
        composer.play(Step::Ping);
        if composer.meter.exhausted() {
            composer.stop(StopReason::MaxTokens);
        }
        composer
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Text(text) => self.text(&text),
            Step::Thinking(text) => self.think(&text),
            Step::ToolUse { name, input } => {
                let id = self.frame.ids.next("toolu_");
                self.call(json!({"type":"tool_use","id":id,"name":name,"input":{}}), &input.to_string());
            }
            Step::BrokenToolUse { name, partial } => {
                let id = self.frame.ids.next("toolu_");
                self.call(json!({"type":"tool_use","id":id,"name":name,"input":{}}), &partial);
            }
            Step::Block(block) => self.whole_block(block),
            Step::Search(query) => self.search(&query),
            Step::Fetch(url) => self.fetch(&url),
            Step::Results => self.open_results(),
            Step::Cited { text, citations } => self.cited(&text, &citations),
            Step::Ping => self.send(Pace::AtOnce, |bytes| wire::event(bytes, &json!({"type":"ping"}))),
            Step::Pings(gap) => self.pings(gap),
            Step::Raw(events) => self.raw(&events),
            Step::Unknown => self.unknown(),
            Step::Slow(gap) => self.slow = Some(gap),
            Step::Wait(time) => self.answer.items.push(Item::Wait(time)),
            Step::Gate(gate) => self.answer.items.push(Item::Gate(gate)),
            Step::Hang => self.end(Item::Hang),
            Step::Cut => self.end(Item::Cut),
            Step::Error { kind, message } => self.fail(&kind, message),
            Step::Stop(reason) => self.stop(reason),
        }
    }

    fn text(&mut self, text: &str) {
        let stopper = self.stop_sequence_in(text);
        let (text, cut) = self.meter.afford(stopper.as_ref().map_or(text, |(before, _)| before));
        if !text.is_empty() {
            if !matches!(self.open, Some(Open::Text(_))) {
                self.start_block(&json!({"type":"text","text":"","citations":null}));
                self.open = Some(Open::Text(String::new()));
            }
            self.deltas(Delta::Text, text);
            if let Some(Open::Text(said)) = &mut self.open {
                said.push_str(text);
            }
        }
        if cut {
            self.stop(StopReason::MaxTokens);
        } else if let Some((_, sequence)) = stopper {
            self.answer.message["stop_sequence"] = json!(sequence);
            self.stop(StopReason::StopSequence);
        }
    }

    fn think(&mut self, text: &str) {
        if self.thinking == ThinkingShown::No {
            return;
        }
        let (text, cut) = self.meter.afford(text);
        self.meter.thought += text.len() as u64;
        if !matches!(self.open, Some(Open::Thinking(_))) {
            self.start_block(&json!({"type":"thinking","thinking":"","signature":""}));
            self.open = Some(Open::Thinking(String::new()));
        }
        if self.thinking == ThinkingShown::Summarized {
            self.deltas(Delta::Thinking, text);
            if let Some(Open::Thinking(thought)) = &mut self.open {
                thought.push_str(text);
            }
        }
        if cut {
            self.stop(StopReason::MaxTokens);
        }
    }

    /// Adds a block whose input arrives as pieces of JSON, complete or not.
    fn call(&mut self, mut block: Value, input: &str) {
        self.called |= block["type"] == "tool_use";
        let (input, cut) = self.meter.afford(input);
        self.start_block(&block);
        let index = self.index();
        self.send(Pace::Normal, |bytes| wire::delta(bytes, index, Delta::Json, ""));
        self.deltas(Delta::Json, input);
        if let Ok(input) = serde_json::from_str(input) {
            block["input"] = input;
        }
        self.end_block(block);
        if cut {
            self.stop(StopReason::MaxTokens);
        }
    }

    fn whole_block(&mut self, mut block: Value) {
        if block["type"] == "server_tool_use" {
            let input = std::mem::replace(&mut block["input"], json!({})).to_string();
            if block["id"].is_null() {
                block["id"] = json!(self.frame.ids.next("srvtoolu_"));
            }
            return self.call(block, &input);
        }
        self.count_result(&block);
        let is_result = block["type"].as_str().is_some_and(|kind| kind.ends_with("_tool_result"));
        self.start_block_at(if is_result { Pace::Search } else { Pace::AtOnce }, &block);
        self.end_block(block);
    }

    fn pings(&mut self, gap: Duration) {
        for _ in 0..MOST_PINGS {
            self.send(Pace::Fixed(gap), |bytes| wire::event(bytes, &json!({"type":"ping"})));
        }
        self.end(Item::Hang);
    }

    fn raw(&mut self, events: &[String]) {
        self.bytes.clear();
        self.answer.items.clear();
        for data in events {
            self.send(Pace::Normal, |bytes| wire::raw(bytes, data));
        }
        self.raw = true;
    }

    fn unknown(&mut self) {
        let index = self.index();
        let delta = json!({"type":"content_block_delta","index":index,
            "delta":{"type":"sparkle_delta","sparkle":"*"}});
        let inside = self.open.is_some();
        self.send(Pace::AtOnce, |bytes| {
            wire::event(bytes, &json!({"type":"weather_report","sky":"clear"}));
            if inside {
                wire::event(bytes, &delta);
            }
        });
    }

    fn fail(&mut self, kind: &str, message: String) {
        let error = ApiError::new(ApiError::status_of(kind), kind, message);
        let body = error.body(self.frame.request_id);
        self.send(Pace::Normal, |bytes| wire::event(bytes, &body));
        self.answer.error = Some(error);
        self.finish();
    }

    fn stop(&mut self, reason: StopReason) {
        if self.over {
            return;
        }
        self.close_block();
        let message = &mut self.answer.message;
        message["stop_reason"] = json!(reason.as_str());
        if reason == StopReason::Refusal {
            message["stop_details"] = json!({"type":"refusal","category":"general_harms",
                "explanation":"The request was declined by the scripted model."});
        }
        let mut delta = json!({});
        for field in ["stop_reason", "stop_sequence", "stop_details", "container"] {
            delta[field] = message[field].clone();
        }
        let usage = self.meter.cumulative();
        self.answer.message["usage"] = self.meter.usage();
        self.send(Pace::AtOnce, |bytes| {
            wire::event(bytes, &json!({"type":"message_delta","delta":delta,"usage":usage}));
            wire::event(bytes, &json!({"type":"message_stop"}));
        });
        if reason == StopReason::PauseTurn {
            self.answer.paused_at = Some(self.prefix);
        }
        self.finish();
    }

    fn end(&mut self, item: Item) {
        self.answer.items.push(item);
        self.finish();
    }

    fn finish(&mut self) {
        self.over = true;
        self.answer.buffer = Bytes::from(std::mem::take(&mut self.bytes));
    }

    fn stop_sequence_in<'t>(&self, text: &'t str) -> Option<(&'t str, String)> {
        let sequences = self.frame.body["stop_sequences"].as_array().into_iter().flatten();
        let found = sequences.filter_map(|sequence| {
            let sequence = sequence.as_str()?;
            Some((text.find(sequence)?, sequence.to_owned()))
        });
        found.min_by_key(|(at, _)| *at).map(|(at, sequence)| (&text[..at], sequence))
    }
}
