//! What the count came to: numbers for the table, and every single thing that is wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Findings that are printed of each kind; all of them stand in the file.
const SHOWN: usize = 5;

/// Numbers and faults.
#[derive(Debug, Default)]
pub struct Findings {
    counts: Vec<(&'static str, u64)>,
    faults: BTreeMap<&'static str, Vec<String>>,
}

impl Findings {
    /// A number that may be anything.
    pub fn count(&mut self, what: &'static str, count: impl TryInto<u64>) {
        self.counts.push((what, count.try_into().unwrap_or(u64::MAX)));
    }

    /// Begins rows that must be zero.
    pub fn expect_none(&mut self, kinds: &[&'static str]) {
        for what in kinds {
            self.faults.entry(what).or_default();
        }
    }

    /// Something of a kind that must not be.
    pub fn fault(&mut self, what: &'static str, which: String) {
        self.faults.entry(what).or_default().push(which);
    }

    /// Whether everything is as it must be.
    pub fn clean(&self) -> bool {
        self.faults.values().all(Vec::is_empty)
    }

    /// The table: what was counted, then what must be zero.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for (what, count) in &self.counts {
            writeln!(table, "{what:<58} {count:>8}").ok();
        }
        for (what, faults) in &self.faults {
            let mark = if faults.is_empty() { "" } else { "  <-- must be 0" };
            writeln!(table, "{what:<58} {:>8}{mark}", faults.len()).ok();
        }
        table
    }

    /// Some of the faults of each kind, or all.
    pub fn faults(&self, all: bool) -> String {
        let mut text = String::new();
        for (what, faults) in self.faults.iter().filter(|(_, faults)| !faults.is_empty()) {
            writeln!(text, "{what}:").ok();
            for fault in faults.iter().take(if all { usize::MAX } else { SHOWN }) {
                writeln!(text, "  {fault}").ok();
            }
        }
        text
    }
}
