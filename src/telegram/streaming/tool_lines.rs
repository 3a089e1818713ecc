//! The lines about running tools: below the thoughts, or below the text once there is some, so that a draft
//! always starts like its final message.

use super::super::text;
use crate::domain::people::Language;
use crate::domain::tool::ToolState;
use crate::rendering::{Entity, EntityKind, Limits, RichText};

/// The tools of the current round.
#[derive(Debug, Default)]
pub(super) struct ToolLines(Vec<ToolLine>);

#[derive(Debug)]
struct ToolLine {
    call: String,
    name: String,
    subject: Option<String>,
    state: ToolState,
    /// What it has printed last, while it runs.
    printed: Vec<String>,
}

impl ToolLines {
    /// Adds a tool that starts, and what it works on.
    pub(super) fn start(&mut self, call: String, name: String, subject: Option<String>) {
        self.0.push(ToolLine { call, name, subject, state: ToolState::Running, printed: Vec::new() });
    }

    /// Sets what a running tool has printed last. Returns whether that changes anything.
    pub(super) fn progress(&mut self, call: &str, lines: Vec<String>) -> bool {
        let is_it = |line: &&mut ToolLine| line.call == call && line.state == ToolState::Running;
        let Some(line) = self.0.iter_mut().find(is_it) else { return false };
        let changed = line.printed != lines;
        line.printed = lines;
        changed
    }

    /// Marks a tool as ended.
    pub(super) fn end(&mut self, call: &str, failed: bool) {
        if let Some(line) = self.0.iter_mut().find(|line| line.call == call) {
            line.state = if failed { ToolState::Failed } else { ToolState::Done };
            line.printed.clear();
        }
    }

    /// Returns whether a tool is running.
    pub(super) fn is_running(&self) -> bool {
        self.0.iter().any(|line| line.state == ToolState::Running)
    }

    /// Removes ended tools when the answer continues.
    pub(super) fn clear_ended(&mut self) {
        self.0.retain(|line| line.state == ToolState::Running);
    }

    /// Returns the shown text with the lines below it, if they fit; what tools have printed only if that fits
    /// too.
    pub(super) fn below(&self, shown: Option<RichText>, language: Language) -> Option<RichText> {
        if self.0.is_empty() {
            return shown;
        }
        let mut shown = shown.unwrap_or_default();
        let fitting = [true, false].map(|printed| self.lines(language, printed));
        if let Some(lines) = fitting.into_iter().find(|lines| fits(&shown, lines)) {
            if !shown.text.is_empty() {
                shown.text.push_str("\n\n");
            }
            let own_units = units(&shown.text);
            shown.append(lines, own_units);
        }
        Some(shown)
    }

    /// Returns the lines, each with what its tool has printed last if that is wanted.
    fn lines(&self, language: Language, with_printed: bool) -> RichText {
        let mut lines = RichText::default();
        for line in &self.0 {
            if !lines.text.is_empty() {
                lines.text.push('\n');
            }
            lines.text += &text::tool_line(language, &line.name, line.subject.as_deref(), line.state);
            if with_printed && !line.printed.is_empty() {
                lines.text.push('\n');
                let (offset, printed) = (units(&lines.text), line.printed.join("\n"));
                let kind = EntityKind::Code;
                lines.entities.push(Entity { offset, length: units(&printed), kind });
                lines.text += &printed;
            }
        }
        lines
    }
}

/// Returns whether a message has room for lines below its text.
fn fits(shown: &RichText, lines: &RichText) -> bool {
    let Limits { code_points, entities } = Limits::MESSAGE;
    shown.code_points() + lines.code_points() + 2 <= code_points
        && shown.entities.len() + lines.entities.len() <= entities
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests;
