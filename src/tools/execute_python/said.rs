//! What an execution says, kept within limits: of each output its beginning and its end, of a traceback the
//! end.

use std::collections::VecDeque;

use serde_json::{Value, json};

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
                let (value, traceback) = (plain(&value), plain(&traceback));
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

/// Returns a text without the escape sequences that colour it.
fn plain(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        // Parameters and intermediate bytes, then one final byte.
        let end = after.find(|c: char| ('\u{40}'..='\u{7e}').contains(&c));
        rest = end.map_or("", |end| &after[end + 1..]);
    }
    plain.push_str(rest);
    plain.retain(|c| c != '\u{1b}');
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_output_keeps_its_beginning_and_its_end() {
        let mut output = Capped::default();
        output.push("start ");
        (0..100_000).for_each(|number| output.push(&format!("{number}\n")));
        output.push("конец");
        let text = output.to_string();
        assert!(text.starts_with("start 0\n1\n") && text.ends_with("99999\nконец"));
        assert!(text.chars().count() < HEAD + TAIL + 60 && text.contains("characters left out ...]"));
    }

    #[test]
    fn the_end_of_a_traceback_stays_and_its_colours_go() {
        let mut said = Said::default();
        let frames = "  \u{1b}[0;32mFile\u{1b}[0m \"x\", line 1\n".repeat(1_000);
        said.add(ExecutionEvent::Error {
            name: "ValueError".into(),
            value: "bad".into(),
            traceback: format!("{frames}\u{1b}[0;31mValueError\u{1b}[0m: bad"),
        });
        let mut result = json!({});
        said.tell(&mut result);
        let traceback = result["exception"]["traceback"].as_str().unwrap();
        assert!(
            traceback.ends_with("line 1\nValueError: bad") && traceback.starts_with("[... "),
            "{traceback}"
        );
        assert!(said.has_raised() && !traceback.contains('\u{1b}'));
    }

    #[test]
    fn displayed_things_are_limited_and_that_is_told() {
        let mut said = Said::default();
        for number in 0..15 {
            said.add(ExecutionEvent::Result(Shown { text: Some(format!("v{number}")), files: Vec::new() }));
            let file = ShownFile { mime: "image/png", extension: "png", bytes: vec![1] };
            said.add(ExecutionEvent::Result(Shown { text: Some("<Figure>".into()), files: vec![file] }));
        }
        said.add(ExecutionEvent::Skipped);
        let mut result = json!({});
        said.tell(&mut result);
        assert_eq!((said.pictures.len(), &result["displayed_but_left_out"]), (10, &json!(11)));
        assert_eq!(result["values"].as_array().unwrap().len(), 10);
        assert!(result.get("stdout").is_none() && !result.to_string().contains("Figure"));
    }

    proptest! {
        #[test]
        fn a_short_output_is_kept_as_it_is(pieces: Vec<String>) {
            let mut output = Capped::default();
            for piece in &pieces {
                output.push(piece);
            }
            let whole = pieces.concat();
            prop_assume!(whole.chars().count() <= HEAD + TAIL);
            prop_assert_eq!(output.to_string(), whole);
        }

        #[test]
        fn no_text_panics_when_its_colours_are_removed(text in "[\\x1b\\[0-9;mAю ]*") {
            let is_coloured = plain(&text).contains('\u{1b}');
            prop_assert!(!is_coloured);
        }
    }
}
