//! The stream of a running execution: one JSON object per line, until `end_of_execution`. A stream that ends
//! without it is an error, because nobody knows what the code has done.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BytesMut};
use reqwest::Response;
use serde_json::Value;

use super::error::SandboxError;
use super::wire::text;

/// The longest line that is read, in bytes: a picture of 12 MB. A longer one is skipped and told.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// A running execution. Dropping it closes the connection, which interrupts the code.
#[derive(Debug)]
pub(crate) struct Execution {
    response: Response,
    lines: Lines,
}

/// What an execution reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ExecutionEvent {
    /// A piece of standard output.
    Stdout(String),
    /// A piece of standard error.
    Stderr(String),
    /// The value of the last expression, or something that was displayed.
    Result(Shown),
    /// The code ended with an exception.
    Error {
        /// The class of the exception.
        name: String,
        /// Its message.
        value: String,
        /// The traceback, possibly with escape sequences for colours.
        traceback: String,
    },
    /// An output that was too long to be read.
    Skipped,
}

/// A displayed value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Shown {
    /// The value as text.
    pub text: Option<String>,
    /// The value as files: pictures and PDFs, the best form first.
    pub files: Vec<ShownFile>,
}

/// A displayed picture or document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ShownFile {
    /// Its MIME type.
    pub mime: &'static str,
    /// The extension for its name.
    pub extension: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Execution {
    pub(super) fn new(response: Response) -> Self {
        Self { response, lines: Lines::default() }
    }

    /// Returns the next event, or `None` when the execution is complete. The caller limits the time; the
    /// client limits silence.
    ///
    /// # Errors
    /// Returns [`SandboxError::BrokenOff`] if the stream ends or breaks before the execution is complete, and
    /// an error if a line cannot be read.
    pub(crate) async fn next(&mut self) -> Result<Option<ExecutionEvent>, SandboxError> {
        loop {
            while let Some(line) = self.lines.next() {
                match line {
                    Line::TooLong => return Ok(Some(ExecutionEvent::Skipped)),
                    Line::Whole(line) => match read(&line)? {
                        Read::Event(event) => return Ok(Some(event)),
                        Read::End => return Ok(None),
                        Read::Nothing => {}
                    },
                }
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.lines.push(&chunk),
                Ok(None) => return Err(SandboxError::BrokenOff),
                Err(error) => {
                    let error = SandboxError::connection(error);
                    tracing::debug!(error = &error as &dyn std::error::Error, "an execution broke off");
                    return Err(SandboxError::BrokenOff);
                }
            }
        }
    }
}

/// A line of the stream.
enum Line {
    Whole(BytesMut),
    TooLong,
}

/// Splits chunks into lines with bounded memory.
#[derive(Debug, Default)]
struct Lines {
    buffer: BytesMut,
    /// How much of the buffer is known to have no line break.
    searched: usize,
    /// Whether the rest of a line that is too long is being skipped.
    skipping: bool,
}

impl Lines {
    fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    fn next(&mut self) -> Option<Line> {
        let found = self.buffer[self.searched..].iter().position(|&byte| byte == b'\n');
        if let Some(at) = found {
            let line = self.buffer.split_to(self.searched + at);
            self.buffer.advance(1);
            self.searched = 0;
            let skipped = std::mem::take(&mut self.skipping) || line.len() > LONGEST_LINE;
            return Some(if skipped { Line::TooLong } else { Line::Whole(line) });
        }
        self.searched = self.buffer.len();
        if self.searched > LONGEST_LINE {
            self.skipping = true;
            self.buffer.clear();
            self.searched = 0;
        }
        None
    }
}

enum Read {
    Event(ExecutionEvent),
    End,
    Nothing,
}

fn read(line: &[u8]) -> Result<Read, SandboxError> {
    if line.trim_ascii().is_empty() {
        return Ok(Read::Nothing);
    }
    let line: Value =
        serde_json::from_slice(line).map_err(|_| SandboxError::Unreadable("a line of an execution"))?;
    let field = |name| text(&line, name).unwrap_or_default();
    let event = match line["type"].as_str() {
        Some("end_of_execution") => return Ok(Read::End),
        Some("stdout") => ExecutionEvent::Stdout(field("text")),
        Some("stderr") => ExecutionEvent::Stderr(field("text")),
        Some("error") => ExecutionEvent::Error {
            name: field("name"),
            value: field("value"),
            traceback: field("traceback"),
        },
        Some("result") => ExecutionEvent::Result(shown(&line)),
        // Keep-alive lines, the number of the execution, and whatever comes later.
        _ => return Ok(Read::Nothing),
    };
    Ok(Read::Event(event))
}

fn shown(line: &Value) -> Shown {
    let encoded =
        [("png", "image/png", "png"), ("jpeg", "image/jpeg", "jpg"), ("pdf", "application/pdf", "pdf")];
    let decoded = encoded.into_iter().filter_map(|(field, mime, extension)| {
        // Long texts are broken into lines.
        let encoded: String = text(line, field)?.split_ascii_whitespace().collect();
        Some(ShownFile { mime, extension, bytes: STANDARD.decode(encoded).ok()? })
    });
    let mut files: Vec<ShownFile> = decoded.collect();
    if let (true, Some(svg)) = (files.is_empty(), text(line, "svg")) {
        files.push(ShownFile { mime: "image/svg+xml", extension: "svg", bytes: svg.into_bytes() });
    }
    // One form of a value is enough.
    files.truncate(1);
    let words = ["text", "markdown", "latex", "html"].into_iter().find_map(|field| text(line, field));
    Shown { text: words, files }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits a text that arrives in chunks of this size.
    fn split(text: &[u8], chunk: usize) -> Vec<Option<Vec<u8>>> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for chunk in text.chunks(chunk) {
            lines.push(chunk);
            while let Some(line) = lines.next() {
                found.push(match line {
                    Line::Whole(line) => Some(line.to_vec()),
                    Line::TooLong => None,
                });
            }
        }
        found
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        for chunk in [1, 2, 3, 100] {
            let found = split("один\n\ntwo\nrest".as_bytes(), chunk);
            assert_eq!(found, [Some("один".as_bytes().to_vec()), Some(Vec::new()), Some(b"two".to_vec())]);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let mut text = vec![b'x'; LONGEST_LINE * 2];
        text.extend(b"\nnext\n");
        assert_eq!(split(&text, 1024 * 1024), [None, Some(b"next".to_vec())]);
    }

    #[test]
    fn every_kind_of_line_is_read_and_unknown_ones_are_passed_over() {
        let event = |line: &str| match read(line.as_bytes()) {
            Ok(Read::Event(event)) => Some(event),
            Ok(Read::End | Read::Nothing) => None,
            Err(error) => panic!("{line}: {error}"),
        };
        assert_eq!(
            event(r#"{"type":"stdout","text":"a\n","timestamp":1}"#),
            Some(ExecutionEvent::Stdout("a\n".into()))
        );
        assert_eq!(event(r#"{"type":"stderr","text":null}"#), Some(ExecutionEvent::Stderr(String::new())));
        let picture =
            event(r#"{"type":"result","text":"<Figure>","png":"aGVs\nbG8=","jpeg":null,"extra":{}}"#);
        let file = ShownFile { mime: "image/png", extension: "png", bytes: b"hello".to_vec() };
        assert_eq!(
            picture,
            Some(ExecutionEvent::Result(Shown { text: Some("<Figure>".into()), files: vec![file] }))
        );
        let error = event(r#"{"type":"error","name":"ValueError","value":"bad"}"#);
        assert!(
            matches!(error, Some(ExecutionEvent::Error { name, traceback, .. }) if name == "ValueError" && traceback.is_empty())
        );
        for line in
            [r#"{"type":"keepalive"}"#, r#"{"type":"novelty","text":"x"}"#, r#"{"type":3}"#, "{}", "", "  "]
        {
            assert_eq!(event(line), None, "{line}");
        }
        assert!(matches!(read(br#"{"type":"end_of_execution"}"#), Ok(Read::End)));
        assert!(read(br#"{"type":"std"#).is_err());
    }
}
