//! What an import has done: every row of the predecessor is taken, was there already, or was left out for a reason.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::domain::money::Usd;

/// What is taken over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Kind {
    /// People with their balances.
    People,
    /// Payments with Stars that can still be refunded.
    Payments,
    /// Chats.
    Chats,
    /// Conversations: one for each chat, person and topic.
    Conversations,
    /// Questions and answers.
    Messages,
    /// Files of questions.
    Files,
}

/// The numbers of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Numbers {
    /// Rows of the predecessor.
    found: u64,
    /// Rows that were taken.
    taken: u64,
    /// Rows that had been taken before, or that the bot had got itself.
    there: u64,
}

/// Rows with something in common.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Noted {
    count: u64,
    /// A few of them.
    examples: Vec<String>,
}

impl Noted {
    const EXAMPLES: usize = 3;

    fn add(&mut self, example: impl fmt::Display) {
        self.count += 1;
        if self.examples.len() < Self::EXAMPLES {
            self.examples.push(example.to_string());
        }
    }
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.examples.is_empty() { Ok(()) } else { write!(f, ", such as {}", self.examples.join(", ")) }
    }
}

/// The balances on both sides, US dollars.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Balances {
    /// The sum of the balances there that are numbers.
    pub theirs: Usd,
    /// What stands for balances there that are no numbers.
    pub replaced: Usd,
    /// The balances of people who were left out.
    pub left_out: Usd,
    /// What was booked here.
    pub ours: Usd,
}

impl Balances {
    fn difference(&self) -> Usd {
        self.theirs + self.replaced - self.left_out - self.ours
    }
}

/// What an import has done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Report {
    numbers: BTreeMap<Kind, Numbers>,
    left_out: BTreeMap<(Kind, &'static str), Noted>,
    changed: BTreeMap<(Kind, &'static str), Noted>,
    /// Tables that are not taken: name, number of rows, why.
    untaken: Vec<(&'static str, u64, &'static str)>,
    /// The balances on both sides.
    pub balances: Balances,
}

impl Report {
    /// Notes how many rows the predecessor has.
    pub(crate) fn found(&mut self, kind: Kind, rows: u64) {
        self.numbers.entry(kind).or_default().found = rows;
    }

    /// Notes a table that is not taken, and why.
    pub(crate) fn untaken(&mut self, table: &'static str, rows: u64, why: &'static str) {
        self.untaken.push((table, rows, why));
    }

    /// Notes that rows were taken.
    pub(crate) fn took(&mut self, kind: Kind, rows: u64) {
        self.numbers.entry(kind).or_default().taken += rows;
    }

    /// Notes that rows were there already.
    pub(crate) fn had(&mut self, kind: Kind, rows: u64) {
        self.numbers.entry(kind).or_default().there += rows;
    }

    /// Notes a row that was left out, and why.
    pub(crate) fn left_out(&mut self, kind: Kind, why: &'static str, row: impl fmt::Display) {
        self.left_out.entry((kind, why)).or_default().add(row);
    }

    /// Notes many rows that were left out, and why.
    pub(crate) fn left_out_rows(&mut self, kind: Kind, why: &'static str, rows: u64) {
        if rows > 0 {
            self.left_out.entry((kind, why)).or_default().count += rows;
        }
    }

    /// Notes something about a row that is not as it was there.
    pub(crate) fn changed(&mut self, kind: Kind, what: &'static str, row: impl fmt::Display) {
        self.changed.entry((kind, what)).or_default().add(row);
    }

    /// Returns whether every row and every cent is accounted for.
    pub(crate) fn is_complete(&self) -> bool {
        self.balances.difference() == Usd::ZERO
            && self.numbers.keys().all(|&kind| self.unexplained(kind) == 0)
    }

    /// Returns how many rows of a kind are in no line; negative if some are in two.
    fn unexplained(&self, kind: Kind) -> i128 {
        let Numbers { found, taken, there } = self.numbers.get(&kind).copied().unwrap_or_default();
        let left_out = self.left_out.iter().filter(|((of, _), _)| *of == kind).map(|(_, noted)| noted.count);
        i128::from(found) - i128::from(taken) - i128::from(there) - left_out.map(i128::from).sum::<i128>()
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        for (&kind, Numbers { found, taken, there }) in &self.numbers {
            writeln!(text, "{:<14} {found} found, {taken} taken, {there} there already", kind.to_string())?;
            for ((_, why), noted) in self.left_out.iter().filter(|((of, _), _)| *of == kind) {
                writeln!(text, "  {} not taken: {why}{noted}", noted.count)?;
            }
            for ((_, what), noted) in self.changed.iter().filter(|((of, _), _)| *of == kind) {
                writeln!(text, "  {} changed: {what}{noted}", noted.count)?;
            }
            match self.unexplained(kind) {
                0 => {}
                rows => writeln!(text, "  FAIL {rows} unexplained")?,
            }
        }
        for (table, rows, why) in &self.untaken {
            writeln!(text, "{table}: {rows} rows not taken: {why}")?;
        }
        let Balances { theirs, replaced, left_out, ours } = self.balances;
        writeln!(text, "balances       {} there", theirs.exact())?;
        writeln!(text, "  {} for balances there that are no numbers", replaced.exact())?;
        writeln!(text, "  {} of people who were not taken", left_out.exact())?;
        writeln!(text, "  {} booked here", ours.exact())?;
        let difference = self.balances.difference();
        if difference == Usd::ZERO {
            return writeln!(text, "  equal to the ninth digit");
        }
        writeln!(text, "  FAIL {} unexplained", difference.exact())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text)?;
        f.write_str(&text)
    }
}
