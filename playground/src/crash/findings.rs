//! The result of the comparison: numbers for the table, and every fault.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Limit of printed faults per kind. The file contains all of them.
const SHOWN: usize = 5;

/// Counted numbers, and faults by kind.
#[derive(Debug, Default)]
pub(super) struct Findings {
    counts: Vec<(&'static str, u64)>,
    lines: Vec<String>,
    faults: BTreeMap<&'static str, Vec<String>>,
}

impl Findings {
    /// Adds a number that may have any value.
    pub(super) fn count(&mut self, what: &'static str, count: impl TryInto<u64>) {
        self.counts.push((what, count.try_into().unwrap_or(u64::MAX)));
    }

    /// Adds a line that is no number, for the end of the table.
    pub(super) fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Declares kinds of faults, so that the table lists them even if there are none.
    pub(super) fn expect_none(&mut self, kinds: &[&'static str]) {
        for what in kinds {
            self.faults.entry(what).or_default();
        }
    }

    /// Adds a fault of a kind.
    pub(super) fn fault(&mut self, what: &'static str, which: String) {
        self.faults.entry(what).or_default().push(which);
    }

    /// Returns how many faults of a kind there are.
    #[cfg(test)]
    pub(super) fn number_of(&self, what: &str) -> usize {
        self.faults.get(what).map_or(0, Vec::len)
    }

    /// Returns whether there are no faults.
    pub(super) fn clean(&self) -> bool {
        self.faults.values().all(Vec::is_empty)
    }

    /// Returns the table: the numbers, then the number of faults by kind, then the lines.
    pub(super) fn table(&self) -> String {
        let mut table = String::new();
        for (what, count) in &self.counts {
            writeln!(table, "{what:<58} {count:>8}").ok();
        }
        for (what, faults) in &self.faults {
            let mark = if faults.is_empty() { "" } else { "  <-- must be 0" };
            writeln!(table, "{what:<58} {:>8}{mark}", faults.len()).ok();
        }
        for line in &self.lines {
            writeln!(table, "{line}").ok();
        }
        table
    }

    /// Returns up to `most` faults of each kind, or all of them.
    pub(super) fn faults(&self, all: bool) -> String {
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
