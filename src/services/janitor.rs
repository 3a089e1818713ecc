//! The janitor: retention and audit, at start and every night. It deletes rows that are no longer needed,
//! never touching money, audits the books, and reports to operators by a metric and the log.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::audit::{self, Audit, Extent};
use super::books::Books;
use super::made_files;
use crate::db::audit::Problem;
use crate::db::retention::{self, RetentionKind, Walk};
use crate::db::{
    DbError, OPERATION_LIMIT, announcements, data_requests, dialogs, file_bytes, topic_names, topics,
    transcriptions,
};
use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics::Metrics;

/// The hour at which the nightly work starts, UTC.
const HOUR: u32 = 3;
/// The most rows that one batch reads.
const BATCH: i64 = 1_000;
/// The pause between two batches.
const PAUSE: Duration = Duration::from_millis(50);
/// Retention of handled updates, in days: Telegram repeats none that is older than one.
const UPDATES_KEPT_DAYS: i64 = 7;
/// Retention of delivered messages, in days.
const DELIVERIES_KEPT_DAYS: i64 = 30;
/// Retention of the bytes that were fetched for each user, in days: no update is repeated later.
const FILE_BYTES_KEPT_DAYS: i64 = 7;
/// How long money stays held for a transcription that nobody takes up again, in hours.
const ABANDONED_HOURS: i64 = 1;

/// Works at start and every night until the service drains.
///
/// Wakes the deletion of copies at the provider (`copies_dropped`), because messages may have gone with their
/// files.
pub(crate) async fn run(books: Books, life: Lifecycle, metrics: Metrics, copies_dropped: Arc<Notify>) {
    loop {
        tokio::select! {
            () = work(&books, &life, &metrics) => copies_dropped.notify_one(),
            // Unfinished work is done at the next start.
            () = life.drain.cancelled() => return,
        }
        let pause = until_next(books.clock.now());
        tokio::select! {
            () = life.drain.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Runs one job after the other; a failed job does not prevent the next one.
async fn work(books: &Books, life: &Lifecycle, metrics: &Metrics) {
    let (db, drain, now) = (&books.db, &life.drain, books.clock.now());
    let forgotten = now - TimeDelta::days(DELIVERIES_KEPT_DAYS);
    let dialogs = || dialogs::forget(db, now);
    report("dialogs", db.until(drain).run_job(OPERATION_LIMIT, dialogs).await);
    let announced = || announcements::forget(db, BATCH * 50);
    let announced = db.until(drain).run_job(OPERATION_LIMIT, announced).await;
    report("announcements", announced.map(|_| ()));
    let topics = || topics::forget(db, forgotten);
    report("topics", db.until(drain).run_job(OPERATION_LIMIT, topics).await);
    let names = || topic_names::forget(db, forgotten);
    report("topic names", db.until(drain).run_job(OPERATION_LIMIT, names).await);
    let requests = || data_requests::forget(db, forgotten);
    report("data requests", db.until(drain).run_job(OPERATION_LIMIT, requests).await);
    let abandoned =
        || transcriptions::release_abandoned(db.pool(), Some(now - TimeDelta::hours(ABANDONED_HOURS)), &[]);
    report("abandoned transcriptions", db.until(drain).run_job(OPERATION_LIMIT, abandoned).await);
    let expired = || made_files::expire(db);
    report("expired files", db.until(drain).run_job(OPERATION_LIMIT, expired).await);
    let old = now - TimeDelta::days(books.terms.messages_kept_days);
    let old_files = || made_files::forget(db, old);
    report("old files", db.until(drain).run_job(OPERATION_LIMIT, old_files).await);
    for kind in RetentionKind::ALL {
        report(kind.name(), clean_up(books, life, metrics, kind).await);
    }
    report("transcripts", forget_transcripts(books, life).await);
    report("bytes of files", forget_file_bytes(books, life).await);
    report("audit", audit(books, life, metrics).await);
}

/// Logs one line for each job that failed.
fn report(job: &'static str, done: Result<(), DbError>) {
    match done {
        Ok(()) | Err(DbError::Cancelled) => {}
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(job, error, "the janitor could not do the job '{job}'");
        }
    }
}

async fn audit(books: &Books, life: &Lifecycle, metrics: &Metrics) -> Result<(), DbError> {
    let Audit { extent, findings, proved } = audit::run_due(&books.db, &life.drain).await?;
    let problems = findings.problems;
    metrics.audit_problems.set(problems.iter().map(|problem| problem.count).sum());
    metrics.audit_time.set(books.clock.now().timestamp());
    metrics.audit_full_time.set(proved.full_at.map_or(0, |at| at.timestamp()));
    let full = extent == Extent::Full;
    tracing::info!(broken_rules = problems.len(), full, "the books were audited");
    for Problem { rule, count, example } in problems {
        tracing::error!(count, example, "the books are wrong: {rule}");
    }
    Ok(())
}

/// Deletes rows that are no longer needed, batch by batch, with pauses for other work.
async fn clean_up(
    books: &Books,
    life: &Lifecycle,
    metrics: &Metrics,
    kind: RetentionKind,
) -> Result<(), DbError> {
    let (db, drain) = (&books.db, &life.drain);
    let days = match kind {
        RetentionKind::Messages | RetentionKind::Checkpoints => books.terms.messages_kept_days,
        RetentionKind::Updates | RetentionKind::FormerUpdates => UPDATES_KEPT_DAYS,
        RetentionKind::Deliveries => DELIVERIES_KEPT_DAYS,
    };
    let mut rest = Some(Walk::new(kind, books.clock.now() - TimeDelta::days(days)));
    let mut sum = 0;
    while let Some(walk) = rest {
        let step = || retention::step(db, walk, BATCH);
        let step = db.until(drain).run_job(OPERATION_LIMIT, step).await?;
        sum += step.deleted;
        rest = step.rest;
        metrics.cleaned_up.with_label_values(&[kind.name()]).inc_by(step.deleted);
        if rest.is_some() {
            tokio::select! {
                () = drain.cancelled() => return Err(DbError::Cancelled),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
    if sum > 0 {
        tracing::info!(rows = sum, days, "deleted old {}", kind.name());
    }
    Ok(())
}

/// Deletes the words of recordings one day after retention has deleted their messages.
async fn forget_transcripts(books: &Books, life: &Lifecycle) -> Result<(), DbError> {
    let (db, drain) = (&books.db, &life.drain);
    let before = books.clock.now() - TimeDelta::days(books.terms.messages_kept_days.saturating_add(1));
    loop {
        let forget = || transcriptions::forget_words(db, before, BATCH);
        if db.until(drain).run_job(OPERATION_LIMIT, forget).await? < BATCH.unsigned_abs() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Deletes what was counted for files on former days.
async fn forget_file_bytes(books: &Books, life: &Lifecycle) -> Result<(), DbError> {
    let (db, drain) = (&books.db, &life.drain);
    let before = books.today() - TimeDelta::days(FILE_BYTES_KEPT_DAYS);
    loop {
        let forget = || file_bytes::forget(db, before, BATCH);
        if db.until(drain).run_job(OPERATION_LIMIT, forget).await? < BATCH.unsigned_abs() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns the time until the next nightly work.
fn until_next(now: DateTime<Utc>) -> Duration {
    let today = NaiveTime::from_hms_opt(HOUR, 0, 0).map(|time| now.date_naive().and_time(time).and_utc());
    let next = today.map(|today| if today > now { today } else { today + TimeDelta::days(1) });
    let pause = next.map_or(TimeDelta::days(1), |next| next - now);
    pause.to_std().unwrap_or_default().max(Duration::from_secs(1))
}

#[cfg(test)]
mod tests;
