//! An import under way: both databases, and what was done so far.

use chrono::{DateTime, Utc};

use super::report::{Kind, Report};
use crate::db::predecessor::{Predecessor, Row};
use crate::db::{Db, DbError, Tx, imports};
use crate::services::books::Books;

/// The number of rows of a page.
pub(super) const PAGE: i64 = 500;

/// Why an import ends early. It can be run again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The database of the predecessor does not answer, or not as expected.
    #[error("the predecessor's database")]
    Theirs(#[source] DbError),
    /// Our database does not take a page.
    #[error("the database of the bot")]
    Ours(#[from] DbError),
    /// It is not a database of the predecessor.
    #[error("the predecessor's database has no table {0}")]
    Missing(String),
}

/// An import under way.
#[derive(Debug)]
pub(super) struct Import<'a> {
    /// Models and terms.
    pub(super) books: &'a Books,
    /// The database of the predecessor.
    pub(super) theirs: Predecessor,
    /// The transaction of the current page, or of all pages of a trial.
    ours: Option<Tx<'static>>,
    /// Whether everything is undone at the end.
    is_trial: bool,
    /// When it began.
    pub(super) now: DateTime<Utc>,
    /// What it has done so far.
    pub(super) report: Report,
}

impl<'a> Import<'a> {
    /// Begins an import.
    pub(super) fn new(books: &'a Books, theirs: Predecessor, is_trial: bool) -> Self {
        let now = books.clock.now();
        Self { books, theirs, ours: None, is_trial, now, report: Report::default() }
    }

    /// Returns the transaction of the current page.
    pub(super) async fn ours(&mut self) -> Result<&mut Tx<'static>, DbError> {
        if self.ours.is_none() {
            self.ours = Some(imports::begin(&self.books.db).await?);
        }
        self.ours.as_mut().ok_or(DbError::MissingRow { at: "importing::ours" })
    }

    /// Ends a page: what it has written stays.
    pub(super) async fn keep(&mut self) -> Result<(), DbError> {
        if self.is_trial {
            return Ok(());
        }
        match self.ours.take() {
            Some(tx) => Db::commit(tx).await,
            None => Ok(()),
        }
    }

    /// Notes a row whose text had lost something before it came here.
    pub(super) fn note_broken(&mut self, kind: Kind, row: &Row, name: impl std::fmt::Display) {
        if row.broken {
            self.report.changed(kind, "text that is not UTF-8 is shown as far as it can be read", name);
        }
    }
}

/// The key of the operation that a person's balance becomes.
pub(super) fn opening_key(person: i64) -> String {
    format!("opening:{person}")
}

/// Returns a time, or now if it is unknown or has not come yet.
pub(super) fn past(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    time.unwrap_or(now).min(now)
}
