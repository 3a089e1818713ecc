//! A composed answer: what to send, where to wait, and the same answer as one message.

use std::ops::Range;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;

use super::error::ApiError;
use super::models::Model;
use super::reply::Gate;

/// When a piece of the stream is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Together with the preceding piece.
    AtOnce,
    /// At the emulator's pace.
    Normal,
    /// As long after the preceding piece as a search takes at the emulator's pace.
    Search,
    /// This long after the preceding piece.
    Fixed(Duration),
}

/// One step of sending an answer.
#[derive(Debug)]
pub(super) enum Item {
    /// Sends a part of the buffer.
    Send {
        bytes: Range<usize>,
        pace: Pace,
    },
    Wait(Duration),
    Gate(Gate),
    Hang,
    Cut,
}

/// A composed answer.
#[derive(Debug)]
pub(super) struct ComposedAnswer {
    pub(super) buffer: Bytes,
    pub(super) items: Vec<Item>,
    /// The answer for a request without a stream.
    pub(super) message: Value,
    /// The error that ends the stream, if any.
    pub(super) error: Option<ApiError>,
    /// The prompt with the answer appended, if the turn is paused and must be sent back unchanged.
    pub(super) paused_at: Option<u64>,
}

/// How thinking appears in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThinkingShown {
    No,
    Omitted,
    Summarized,
}

impl ThinkingShown {
    /// Reads a valid request.
    pub(super) fn of(body: &Value, model: &Model) -> Self {
        let on = match body["thinking"]["type"].as_str() {
            Some(kind) => matches!(kind, "adaptive" | "enabled"),
            None => model.thinking.on_by_default(),
        };
        match body["thinking"]["display"].as_str() {
            _ if !on => Self::No,
            Some("omitted") => Self::Omitted,
            None if model.omits_thinking => Self::Omitted,
            _ => Self::Summarized,
        }
    }
}
