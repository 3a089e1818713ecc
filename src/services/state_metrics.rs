//! State metrics: reads what waits and what people have when Prometheus asks, at most every 10 seconds, and
//! more rarely where reading takes long, so that it costs a fiftieth of a connection's time, but once a minute.

use std::time::Duration;

use tokio::time::Instant;

use crate::db::Db;
use crate::db::state::{self, State, Waiting};
use crate::domain::clock::Clock;
use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::scrape::ScrapeRequests;

/// How long figures count as fresh.
const FRESH: Duration = Duration::from_secs(10);
/// How many times as long as reading took they count as fresh, too.
const REST: u32 = 50;
/// How long they count as fresh at most; an alert fires when they are two minutes old.
const FRESH_AT_MOST: Duration = Duration::from_secs(60);

/// Reads the figures for each scrape until the service aborts.
pub(crate) async fn run(
    db: Db,
    clock: Clock,
    metrics: Metrics,
    mut requests: ScrapeRequests,
    life: Lifecycle,
) {
    let mut due = Instant::now();
    loop {
        let scrape = tokio::select! {
            scrape = requests.recv() => scrape,
            () = life.abort.cancelled() => return,
        };
        let Some(scrape) = scrape else { return };
        let began = Instant::now();
        if began >= due {
            match db.attempt(state::read(&db)).await {
                Ok(state) => {
                    show(&metrics, &state);
                    metrics.state_time.set(clock.now().timestamp());
                    due = Instant::now() + fresh_for(began.elapsed());
                }
                // The age of the figures is a metric with an alert of its own.
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the state cannot be read");
                    due = Instant::now() + FRESH;
                }
            }
        }
        let (active, idle) = db.connections();
        metrics.db_active.set(active);
        metrics.db_idle.set(idle);
        // A scrape that has given up waiting needs no answer.
        drop(scrape);
    }
}

/// Returns how long figures count as fresh that took this long to read.
fn fresh_for(took: Duration) -> Duration {
    (took * REST).clamp(FRESH, FRESH_AT_MOST)
}

fn show(metrics: &Metrics, state: &State) {
    metrics.users.set(state.users);
    metrics.users_active.set(state.active);
    metrics.users_overdrawn.set(state.overdrawn);
    metrics.balances.set(state.balances);
    metrics.overdrafts.set(state.overdrafts);
    metrics.holds.set(state.holds);
    metrics.stars.with_label_values(&["paid"]).set(state.stars_paid);
    metrics.stars.with_label_values(&["refunded"]).set(state.stars_refunded);
    metrics.credited.set(state.credited);
    metrics.dead_letters.set(state.dead_letters);
    for (Waiting { count, oldest_s }, pending, oldest) in [
        (state.inbox, &metrics.inbox_pending, &metrics.inbox_oldest),
        (state.outbox, &metrics.outbox_pending, &metrics.outbox_oldest),
        (state.turns, &metrics.turns_open, &metrics.turns_oldest),
        (state.refunds, &metrics.refunds_pending, &metrics.refunds_oldest),
    ] {
        pending.set(count);
        oldest.set(oldest_s.max(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_are_costly_are_read_more_rarely_but_before_the_alert() {
        for (took_ms, fresh_s) in [(0, 10), (5, 10), (200, 10), (400, 20), (1_200, 60), (60_000, 60)] {
            assert_eq!(fresh_for(Duration::from_millis(took_ms)), Duration::from_secs(fresh_s), "{took_ms}");
        }
    }
}
