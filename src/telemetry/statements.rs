//! Times of database operations by name. The driver reports how long a statement took in an event, and the
//! operation, which is named by `DbError::at`, follows on the same thread before anything else can run: both
//! happen in one poll, after the last await. Nothing of this is written to the log.

use std::cell::Cell;
use std::sync::OnceLock;

use prometheus::HistogramVec;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// What the targets of the driver's events begin with. Those that tell no time are ignored.
const DRIVER: &str = "sqlx";
/// The target of the events that name an operation, in the field `operation`.
pub(crate) const OPERATION: &str = "starling::db::operation";

/// Where the times go, once the service has its metrics.
static TIMES: OnceLock<HistogramVec> = OnceLock::new();

thread_local! {
    /// Seconds of the statement that has just ended.
    static ELAPSED_S: Cell<Option<f64>> = const { Cell::new(None) };
}

/// Sets where the times go; a second call in the same process has no effect.
pub(crate) fn observe_into(times: HistogramVec) {
    TIMES.set(times).ok();
}

/// Returns whether an event is of interest, also when the driver asks that before it makes one.
pub(super) fn wants(metadata: &Metadata<'_>) -> bool {
    !metadata.is_span() && (metadata.target() == OPERATION || metadata.target().starts_with(DRIVER))
}

/// Observes the times.
pub(super) struct StatementTimes;

impl<S: Subscriber> Layer<S> for StatementTimes {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == OPERATION {
            event.record(&mut Operation);
        } else {
            event.record(&mut Elapsed);
        }
    }
}

/// Remembers the time of a statement.
struct Elapsed;

impl Visit for Elapsed {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            ELAPSED_S.set(Some(value));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Observes the remembered time under the name of the operation.
struct Operation;

impl Visit for Operation {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "operation"
            && let (Some(elapsed), Some(times)) = (ELAPSED_S.take(), TIMES.get())
        {
            times.with_label_values(&[value]).observe(elapsed);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
