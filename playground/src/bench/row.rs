//! One row of the benchmark's table.

use std::time::Duration;

use super::load::Run;
use super::process::Memory;

/// The measurements of one load.
#[derive(Debug)]
pub(super) struct Row {
    /// The load, in a few words.
    pub load: String,
    /// Whether the people ask for the first time (`new`) or again (`back`).
    pub people: &'static str,
    /// Characters of the answers.
    pub chars: usize,
    /// Events of the stream of one answer.
    pub events: usize,
    /// All runs.
    pub runs: Vec<Run>,
    /// CPU time of the bot for all answers.
    pub cpu: Duration,
    /// Memory of the bot afterwards.
    pub memory: Memory,
}
