//! The record of downloads: which file was fetched when, and how that ended.

use super::types::{CallOutcome, Download};

/// Limit of stored downloads. When it is reached, the oldest half is dropped.
const DOWNLOADS_KEPT: usize = 100_000;

/// The downloads so far.
#[derive(Default)]
pub(super) struct Downloads {
    entries: Vec<Download>,
    forgotten: usize,
}

impl Downloads {
    /// Records a download and returns its number.
    pub(super) fn note(&mut self, download: Download) -> usize {
        if self.entries.len() >= DOWNLOADS_KEPT {
            self.entries.drain(..DOWNLOADS_KEPT / 2);
            self.forgotten += DOWNLOADS_KEPT / 2;
        }
        self.entries.push(download);
        self.forgotten + self.entries.len() - 1
    }

    pub(super) fn finish(&mut self, number: usize, answer: CallOutcome) {
        let at = number.checked_sub(self.forgotten);
        if let Some(download) = at.and_then(|at| self.entries.get_mut(at)) {
            download.answer = answer;
        }
    }

    pub(super) fn entries(&self) -> &[Download] {
        &self.entries
    }
}
