//! The blocks of a composed answer: their beginnings, their deltas and their ends.

use serde_json::{Value, json};

use super::super::answer::{Item, Pace};
use super::super::signature::sign;
use super::super::transcript::extend;
use super::super::wire::{self, Delta};
use super::{Composer, Open};

impl Composer<'_> {
    pub(super) fn index(&self) -> usize {
        self.answer.message["content"].as_array().map_or(0, Vec::len)
    }

    pub(super) fn start_block(&mut self, block: &Value) {
        self.start_block_at(Pace::AtOnce, block);
    }

    pub(super) fn start_block_at(&mut self, pace: Pace, block: &Value) {
        self.close_block();
        let index = self.index();
        self.send(pace, |bytes| wire::block_start(bytes, index, block));
    }

    pub(super) fn close_block(&mut self) {
        let block = match self.open.take() {
            None => return,
            Some(Open::Text(text)) => json!({"type":"text","text":text,"citations":null}),
            Some(Open::Thinking(text)) => {
                let signature = sign(&text, self.frame.model.id, self.prefix);
                let index = self.index();
                self.send(Pace::AtOnce, |bytes| wire::delta(bytes, index, Delta::Signature, &signature));
                json!({"type":"thinking","thinking":text,"signature":signature})
            }
        };
        self.end_block(block);
    }

    pub(super) fn end_block(&mut self, block: Value) {
        let index = self.index();
        self.send(Pace::AtOnce, |bytes| wire::block_stop(bytes, index));
        self.prefix = extend(self.prefix, &block);
        if let Some(content) = self.answer.message["content"].as_array_mut() {
            content.push(block);
        }
    }

    pub(super) fn deltas(&mut self, kind: Delta, text: &str) {
        let index = self.index();
        let pace = self.slow.map_or(Pace::Normal, Pace::Fixed);
        let pieces = if self.slow.is_some() { words(text) } else { chunks(text, self.frame.chunk_chars) };
        for piece in pieces {
            self.send(pace, |bytes| wire::delta(bytes, index, kind, piece));
        }
    }

    pub(super) fn send(&mut self, pace: Pace, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.bytes.len();
        write(&mut self.bytes);
        self.answer.items.push(Item::Send { bytes: from..self.bytes.len(), pace });
    }
}

/// Splits a text into pieces of at most this many characters.
fn chunks(text: &str, chars: usize) -> Vec<&str> {
    let mut pieces = Vec::with_capacity(text.len() / chars.max(1) + 1);
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().nth(chars.max(1)).map_or(rest.len(), |(at, _)| at);
        let (piece, tail) = rest.split_at(end);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

fn words(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').collect()
}
