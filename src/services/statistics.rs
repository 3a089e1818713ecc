//! The figures that administrators ask for: today (UTC), the last 7 and the last 30 days.

use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use tokio_util::sync::CancellationToken;

use super::books::Books;
use crate::db::DbError;
use crate::db::statistics::{self, Statistics};

/// The time limit. The figures of a large bot may take too long, and nothing else must wait for them.
const LIMIT: Duration = Duration::from_secs(10);

/// Reads the figures. Returns `None` if that takes too long.
pub(crate) async fn read(books: &Books, stop: &CancellationToken) -> Result<Option<Statistics>, DbError> {
    let now = books.clock.now();
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let since = [midnight, now - TimeDelta::days(7), now - TimeDelta::days(30)];
    let db = &books.db;
    let read = db.until(stop).run_job(LIMIT, || statistics::read(db, since));
    match tokio::time::timeout(LIMIT, read).await {
        Err(_) | Ok(Err(DbError::TooSlow { .. })) => Ok(None),
        Ok(read) => read.map(Some),
    }
}
