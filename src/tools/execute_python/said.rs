//! What an execution says, kept within limits: of each output its beginning and its end, of a traceback the
//! end.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::escapes::Escapes;
use crate::sandbox::{ExecutionEvent, Shown, ShownFile};

/// What is kept of an output, in code points: its beginning and its end.
const HEAD: usize = 6_000;
const TAIL: usize = 6_000;
/// What is kept of the end of a traceback, in code points.
const TRACEBACK: usize = 3_000;
/// What is kept of the text of one displayed value, in code points.
const VALUE: usize = 2_000;
/// The most displayed texts, and the most displayed pictures.
const MOST_TEXTS: usize = 10;
const MOST_PICTURES: usize = 10;
/// The most bytes of displayed pictures.
const MOST_PICTURE_BYTES: usize = 40_000_000;

/// A text of which only the beginning and the end are kept.
#[derive(Debug, Default)]
pub(super) struct Capped {
    head: String,
    head_chars: usize,
    tail: VecDeque<char>,
    left_out: u64,
}

impl Capped {
    pub(super) fn push(&mut self, text: &str) {
        for c in text.chars() {
            if self.head_chars < HEAD {
                self.head.push(c);
                self.head_chars += 1;
                continue;
            }
            self.tail.push_back(c);
            if self.tail.len() > TAIL {
                self.tail.pop_front();
                self.left_out += 1;
            }
        }
    }
}

impl std::fmt::Display for Capped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.head)?;
        if self.left_out > 0 {
            write!(f, "\n[... {} characters left out ...]\n", self.left_out)?;
        }
        self.tail.iter().try_for_each(|c| write!(f, "{c}"))
    }
}

/// An exception that ended the code.
#[derive(Debug)]
struct Raised {
    name: String,
    value: String,
    traceback: String,
}

/// What an execution has said so far.
#[derive(Debug, Default)]
pub(super) struct Said {
    stdout: Capped,
    stderr: Capped,
    values: Vec<String>,
    raised: Option<Raised>,
    /// The displayed pictures and documents.
    pub(super) pictures: Vec<ShownFile>,
    picture_bytes: usize,
    /// How many displayed things were left out.
    left_out: usize,
}

impl Said {
    pub(super) fn add(&mut self, event: ExecutionEvent) {
        match event {
            ExecutionEvent::Stdout(text) => self.stdout.push(&text),
            ExecutionEvent::Stderr(text) => self.stderr.push(&text),
            ExecutionEvent::Result(Shown { text, files }) => {
                let shows_files = !files.is_empty();
                for file in files {
                    self.add_picture(file);
                }
                // The text of a picture says nothing, such as "<Figure size 640x480>".
                if let Some(text) = text.filter(|_| !shows_files) {
                    self.add_value(&text);
                }
            }
            ExecutionEvent::Error { name, value, traceback } => {
                let (value, traceback) = (Escapes::removed(&value), Escapes::removed(&traceback));
                self.raised = Some(Raised { name, value: head(&value, VALUE), traceback: end(&traceback) });
            }
            ExecutionEvent::Skipped => self.left_out += 1,
        }
    }

    fn add_picture(&mut self, file: ShownFile) {
        let size = file.bytes.len();
        if self.pictures.len() >= MOST_PICTURES || self.picture_bytes + size > MOST_PICTURE_BYTES {
            self.left_out += 1;
            return;
        }
        self.picture_bytes += size;
        self.pictures.push(file);
    }

    fn add_value(&mut self, text: &str) {
        if self.values.len() >= MOST_TEXTS {
            self.left_out += 1;
            return;
        }
        self.values.push(head(text, VALUE));
    }

    pub(super) fn has_raised(&self) -> bool {
        self.raised.is_some()
    }

    /// Adds what was said to the result for the model.
    pub(super) fn tell(&self, result: &mut Value) {
        for (name, text) in [("stdout", self.stdout.to_string()), ("stderr", self.stderr.to_string())] {
            if !text.is_empty() {
                result[name] = json!(text);
            }
        }
        match self.values.as_slice() {
            [] => {}
            [value] => result["value"] = json!(value),
            values => result["values"] = json!(values),
        }
        if let Some(Raised { name, value, traceback }) = &self.raised {
            result["exception"] = json!({ "name": name, "value": value, "traceback": traceback });
        }
        if self.left_out > 0 {
            result["displayed_but_left_out"] = json!(self.left_out);
        }
    }
}

/// Returns the beginning of a text, and says so if that is not all.
fn head(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((at, _)) => {
            format!("{}[... {} characters left out]", &text[..at], text[at..].chars().count())
        }
    }
}

/// Returns the end of a traceback, where the cause stands.
fn end(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(TRACEBACK);
    if skipped == 0 {
        return text.to_owned();
    }
    format!("[... {skipped} characters left out]{}", text.chars().skip(skipped).collect::<String>())
}

#[cfg(test)]
mod tests;
