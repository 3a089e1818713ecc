//! Selections of pages, as a model writes them: `1-3, 7`, `12-`, `all`.

use std::fmt;

/// The most ranges in a selection.
const MOST_RANGES: usize = 100;

/// A selection of pages, counted from 1. Without ranges it contains all pages.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct PageRanges(Vec<(u32, Option<u32>)>);

/// The selection names a page that the document does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BeyondTheEnd;

impl PageRanges {
    /// Reads a selection: numbers and ranges, separated by commas or semicolons. An end that is left out
    /// means the last page. Returns `None` if the text is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("all") {
            return Some(Self::default());
        }
        let mut ranges = Vec::new();
        for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
            if ranges.len() == MOST_RANGES {
                return None;
            }
            ranges.push(match part.split_once(['-', '–', '—']) {
                None => number(part).map(|page| (page, Some(page)))?,
                Some((first, last)) if last.trim().is_empty() => (number(first)?, None),
                Some((first, last)) => (number(first)?, Some(number(last)?)),
            });
        }
        let ordered = ranges.iter().all(|(first, last)| last.is_none_or(|last| *first <= last));
        (ordered && !ranges.is_empty()).then_some(Self(ranges))
    }

    /// Returns the selected pages of a document with this number of pages, ascending, each once.
    ///
    /// # Errors
    /// Returns [`BeyondTheEnd`] if a number is larger than the last page.
    pub(super) fn of(&self, pages: u32) -> Result<Vec<u32>, BeyondTheEnd> {
        if self.0.is_empty() {
            return Ok((1..=pages).collect());
        }
        let mut selected = Vec::new();
        for &(first, last) in &self.0 {
            let last = last.unwrap_or(pages);
            if first > pages || last > pages {
                return Err(BeyondTheEnd);
            }
            selected.extend(first..=last);
            selected.sort_unstable();
            selected.dedup();
        }
        Ok(selected)
    }
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|page| *page > 0)
}

/// Displays ascending page numbers as ranges, such as `1-3, 7`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageList<'a>(pub(crate) &'a [u32]);

impl fmt::Display for PageList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.0.chunk_by(|one, next| one + 1 == *next);
        for (at, run) in runs.enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            match run {
                [first, .., last] => write!(f, "{first}-{last}")?,
                run => run.iter().try_for_each(|page| write!(f, "{page}"))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
