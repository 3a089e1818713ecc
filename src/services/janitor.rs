//! The janitor: looks after what nobody asks for. At start and every night it audits the books and tells operators by a
//! metric and the log, and it forgets questions that nobody answered.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::books::Books;
use crate::db::{DbError, audit, dialogs};
use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics::Metrics;

/// When the night's work begins, UTC.
const HOUR: u32 = 3;
/// How long the audit may take: it reads all books.
const AUDIT_LIMIT: Duration = Duration::from_secs(3_600);

/// Works at start and every night until the service drains.
pub async fn run(books: Books, life: Lifecycle, metrics: Metrics) {
    loop {
        match work(&books, &life, &metrics).await {
            Ok(()) => {}
            Err(DbError::Cancelled { .. }) => return,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the janitor could not do the work"
                );
            }
        }
        let pause = until_next(books.clock.now());
        tokio::select! {
            () = life.drain.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn work(books: &Books, life: &Lifecycle, metrics: &Metrics) -> Result<(), DbError> {
    let (db, drain, now) = (&books.db, &life.drain, books.clock.now());
    db.persist("dialogs::forget", drain, || dialogs::forget(db, now)).await?;
    let audit = || audit::problems(db);
    let problems = db.persist_within(AUDIT_LIMIT, "audit::problems", drain, audit).await?;
    metrics.audit_problems.set(problems.iter().map(|problem| problem.count).sum());
    metrics.audit_time.set(books.clock.now().timestamp());
    for audit::Problem { rule, count, example } in problems {
        tracing::error!(count, example, "the books are wrong: {rule}");
    }
    Ok(())
}

/// The time until the next night's work.
fn until_next(now: DateTime<Utc>) -> Duration {
    let today = NaiveTime::from_hms_opt(HOUR, 0, 0).map(|time| now.date_naive().and_time(time).and_utc());
    let next = today.map(|today| if today > now { today } else { today + TimeDelta::days(1) });
    let pause = next.map_or(TimeDelta::days(1), |next| next - now);
    pause.to_std().unwrap_or_default().max(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_done_once_a_night() {
        for (now, hours) in
            [("2026-11-21T01:00:00Z", 2), ("2026-11-21T03:00:00Z", 24), ("2026-11-21T15:00:00Z", 12)]
        {
            assert_eq!(until_next(now.parse().unwrap()), Duration::from_secs(hours * 3_600), "{now}");
        }
    }
}
