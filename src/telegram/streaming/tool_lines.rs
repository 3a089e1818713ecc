//! The lines about running tools: below the thoughts, or below the text once there is some, so that a draft
//! always starts like its final message.

use super::super::text;
use crate::domain::people::Language;
use crate::domain::tool::ToolState;
use crate::rendering::{Limits, RichText};

/// The tools of the current round.
#[derive(Debug, Default)]
pub(super) struct ToolLines(Vec<ToolLine>);

#[derive(Debug)]
struct ToolLine {
    call: String,
    name: String,
    subject: Option<String>,
    state: ToolState,
}

impl ToolLines {
    /// Adds a tool that starts, and what it works on.
    pub(super) fn start(&mut self, call: String, name: String, subject: Option<String>) {
        self.0.push(ToolLine { call, name, subject, state: ToolState::Running });
    }

    /// Marks a tool as ended.
    pub(super) fn end(&mut self, call: &str, failed: bool) {
        if let Some(line) = self.0.iter_mut().find(|line| line.call == call) {
            line.state = if failed { ToolState::Failed } else { ToolState::Done };
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

    /// Returns the shown text with the lines below it, if they fit.
    pub(super) fn below(&self, shown: Option<RichText>, language: Language) -> Option<RichText> {
        if self.0.is_empty() {
            return shown;
        }
        let line =
            |line: &ToolLine| text::tool_line(language, &line.name, line.subject.as_deref(), line.state);
        let lines = self.0.iter().map(line).collect::<Vec<_>>().join("\n");
        let Some(mut shown) = shown else { return Some(RichText::plain(lines)) };
        if shown.code_points() + lines.chars().count() + 2 <= Limits::MESSAGE.code_points {
            shown.text.push_str("\n\n");
            shown.text.push_str(&lines);
        }
        Some(shown)
    }
}

#[cfg(test)]
mod tests;
