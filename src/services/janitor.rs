//! The janitor: looks after what nobody asks for. At start and every night it deletes what has served its purpose, never
//! touching money, and audits the books and tells operators by a metric and the log.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::books::Books;
use crate::db::retention::{self, Kind};
use crate::db::{DbError, audit, dialogs, topics};
use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics::Metrics;

/// When the night's work begins, UTC.
const HOUR: u32 = 3;
/// Rows that are deleted at once, and the pause between two batches.
const BATCH: i64 = 1_000;
const PAUSE: Duration = Duration::from_millis(50);
/// Handled updates are kept so long, in days: Telegram sends none again that is older than one.
const UPDATES_KEPT_DAYS: i64 = 7;
/// Delivered messages are kept so long, in days.
const DELIVERIES_KEPT_DAYS: i64 = 30;
/// How long the audit may take: it reads all books.
const AUDIT_LIMIT: Duration = Duration::from_secs(3_600);

/// Works at start and every night until the service drains.
pub async fn run(books: Books, life: Lifecycle, metrics: Metrics) {
    loop {
        let worked = tokio::select! {
            worked = work(&books, &life, &metrics) => worked,
            // Whatever is left undone is done at the next start.
            () = life.drain.cancelled() => return,
        };
        match worked {
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
    let forgotten = now - TimeDelta::days(DELIVERIES_KEPT_DAYS);
    db.persist("topics::forget", drain, || topics::forget(db, forgotten)).await?;
    clean_up(books, life, metrics).await?;
    let audit = || audit::problems(db);
    let problems = db.persist_within(AUDIT_LIMIT, "audit::problems", drain, audit).await?;
    metrics.audit_problems.set(problems.iter().map(|problem| problem.count).sum());
    metrics.audit_time.set(books.clock.now().timestamp());
    tracing::info!(broken_rules = problems.len(), "the books were audited");
    for audit::Problem { rule, count, example } in problems {
        tracing::error!(count, example, "the books are wrong: {rule}");
    }
    Ok(())
}

/// Deletes what has served its purpose, batch by batch, with room for everybody else in between.
async fn clean_up(books: &Books, life: &Lifecycle, metrics: &Metrics) -> Result<(), DbError> {
    let (db, drain, now) = (&books.db, &life.drain, books.clock.now());
    for kind in Kind::ALL {
        let days = match kind {
            Kind::Messages => books.terms.messages_kept_days,
            Kind::Updates => UPDATES_KEPT_DAYS,
            Kind::Deliveries => DELIVERIES_KEPT_DAYS,
        };
        let before = now - TimeDelta::days(days);
        let mut sum = 0;
        loop {
            let delete = || retention::delete(db, kind, before, BATCH);
            let deleted = db.persist("retention::delete", drain, delete).await?;
            sum += deleted;
            metrics.cleaned_up.with_label_values(&[kind.name()]).inc_by(deleted);
            if deleted < BATCH.unsigned_abs() {
                break;
            }
            tokio::select! {
                () = drain.cancelled() => return Err(DbError::Cancelled { at: "janitor::clean_up" }),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        if sum > 0 {
            tracing::info!(rows = sum, days, "deleted old {}", kind.name());
        }
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
