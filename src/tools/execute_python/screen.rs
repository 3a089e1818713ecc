//! What the person sees of running code: the last lines that it has printed, few, short and plain.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::super::progress::Progress;
use super::escapes::Escapes;
use crate::domain::people::is_invisible;
use crate::sandbox::ExecutionEvent;

/// The most lines, and the most code points of each.
const LINES: usize = 3;
const LINE_CHARS: usize = 80;
/// The shortest time between two states. The screen has a slower pace of its own.
const GAP: Duration = Duration::from_millis(250);

/// The end of what code has printed, both outputs together, as a terminal would show it.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Complete lines.
    lines: VecDeque<String>,
    /// The line that is being printed.
    open: Line,
    /// Whether that belongs to standard error.
    is_error: bool,
    escapes: Escapes,
    seen: watch::Sender<Vec<String>>,
}

/// A line while it is printed.
#[derive(Debug, Default)]
struct Line {
    text: String,
    chars: usize,
    /// Whether the next character begins the line again, as in a progress bar.
    is_returned: bool,
}

impl Line {
    fn push(&mut self, c: char) {
        if std::mem::take(&mut self.is_returned) {
            *self = Self::default();
        }
        self.chars += 1;
        if self.chars <= LINE_CHARS {
            self.text.push(c);
        }
    }

    /// Returns the line as it is shown; `None` if nothing of it can be seen.
    fn shown(&self) -> Option<String> {
        let mut text = self.text.clone();
        if self.chars > LINE_CHARS {
            text.pop();
            text.push('…');
        }
        (!text.trim().is_empty()).then(|| text.trim_end().to_owned())
    }
}

impl Shown {
    /// Adds what code says.
    pub(super) fn add(&mut self, event: &ExecutionEvent) {
        match event {
            ExecutionEvent::Stdout(text) => self.print(text, false),
            ExecutionEvent::Stderr(text) => self.print(text, true),
            ExecutionEvent::Result(_) | ExecutionEvent::Error { .. } | ExecutionEvent::Skipped => return,
        }
        let lines = self.lines();
        self.seen.send_if_modified(|seen| {
            let is_new = *seen != lines;
            *seen = lines;
            is_new
        });
    }

    fn print(&mut self, text: &str, is_error: bool) {
        if is_error != self.is_error {
            self.end_line();
            (self.is_error, self.escapes) = (is_error, Escapes::default());
        }
        for c in text.chars() {
            if !self.escapes.is_text(c) {
                continue;
            }
            match c {
                '\n' => self.end_line(),
                '\r' => self.open.is_returned = true,
                '\t' => self.open.push(' '),
                c if c.is_control() || is_invisible(c) => {}
                c => self.open.push(c),
            }
        }
    }

    fn end_line(&mut self) {
        self.lines.extend(std::mem::take(&mut self.open).shown());
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }

    /// Returns the last lines.
    fn lines(&self) -> Vec<String> {
        let open = self.open.shown();
        let surplus = (self.lines.len() + usize::from(open.is_some())).saturating_sub(LINES);
        self.lines.iter().skip(surplus).cloned().chain(open).collect()
    }

    /// Returns work that shows each new state until it is dropped. It never ends.
    pub(super) fn watch<'p>(&self, progress: Progress<'p>) -> impl Future<Output = Infallible> + use<'p> {
        let mut seen = self.seen.subscribe();
        async move {
            while seen.changed().await.is_ok() {
                let lines = seen.borrow_and_update().clone();
                progress.show(lines).await;
                sleep(GAP).await;
            }
            std::future::pending().await
        }
    }
}

/// Works while something else is done that never ends.
pub(super) async fn beside<T>(work: impl Future<Output = T>, endless: impl Future<Output = Infallible>) -> T {
    tokio::select! {
        done = work => done,
        never = endless => match never {},
    }
}

#[cfg(test)]
mod tests;
