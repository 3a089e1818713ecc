//! Log lines on standard error, as JSON or as text. Never logged: message texts, names, tokens.

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::statements::{self, StatementTimes};

/// Starts logging, and the times of database operations; a second call in the same process has no effect.
pub fn start(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if json {
        lines.json().flatten_event(true).with_current_span(false).boxed()
    } else {
        lines.compact().boxed()
    };
    let times = StatementTimes.with_filter(filter_fn(statements::wants));
    let started = tracing_subscriber::registry().with(lines.with_filter(filter)).with(times).try_init();
    if started.is_err() {
        tracing::debug!("logging was already started");
    }
}

/// Formats an error with its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
