//! Settings of the process itself: logs, metrics, shutdown, privileged users.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::section::Reader;
use crate::domain::ids::UserId;

/// How the process runs and is watched.
#[derive(Clone, Debug)]
pub struct Service {
    /// The address that serves `/metrics`, `/live` and `/ready`.
    pub metrics_addr: SocketAddr,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The lines to log, in the syntax of `tracing`'s filter.
    pub log_filter: String,
    /// How long running answers may take to finish after the first signal.
    pub shutdown_grace: Duration,
    /// How long updates are still taken after the first signal, while `/ready` says that this instance stops.
    pub shutdown_notice: Duration,
    /// The age at which stored work that is still unfinished is resumed.
    pub stranded_after: Duration,
    /// The contact shown by `/paysupport`.
    pub support_contact: Option<String>,
    /// The kill point of a debug build; for tests.
    #[cfg(debug_assertions)]
    pub kill_at: Option<String>,
    /// How many of a hundred wake-ups a debug build drops; for tests.
    #[cfg(debug_assertions)]
    pub dropped_wake_ups: u64,
}

/// The format of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Plain text for a terminal.
    Text,
}

impl Service {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let log_format = match reader.text("LOG_FORMAT").unwrap_or("json") {
            "json" => LogFormat::Json,
            "text" => LogFormat::Text,
            _ => {
                reader.problem("LOG_FORMAT", "must be json or text");
                LogFormat::Json
            }
        };
        let log_filter = reader.text("RUST_LOG").unwrap_or("info").to_owned();
        if log_filter.parse::<tracing_subscriber::EnvFilter>().is_err() {
            reader.problem("RUST_LOG", "must be a filter such as info or info,starling=debug");
        }
        Self {
            metrics_addr: reader.listen("METRICS_ADDR", SocketAddr::from(([0, 0, 0, 0], 8080))),
            log_format,
            log_filter,
            shutdown_grace: Duration::from_secs(reader.number("SHUTDOWN_GRACE_SECONDS", 60, 0, 3_600)),
            shutdown_notice: Duration::from_secs(reader.number("SHUTDOWN_NOTICE_SECONDS", 0, 0, 300)),
            stranded_after: Duration::from_secs(reader.number("STRANDED_AFTER_SECONDS", 120, 1, 86_400)),
            support_contact: reader.text("SUPPORT_CONTACT").map(str::to_owned),
            #[cfg(debug_assertions)]
            kill_at: reader.text("KILL_AT").map(str::to_owned),
            #[cfg(debug_assertions)]
            dropped_wake_ups: reader.number("DROP_WAKE_UPS_PERCENT", 0, 0, 100),
        }
    }
}

/// Reads ids separated by commas, blanks or line breaks; `#` starts a comment.
pub(super) fn privileged(reader: &mut Reader<'_>) -> BTreeSet<UserId> {
    let text = reader.text_or_file("PRIVILEGED_USERS", "privileged_users").unwrap_or_default();
    let mut users = BTreeSet::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        for word in line.split([',', ' ', '\t', ';']).filter(|word| !word.is_empty()) {
            match word.parse() {
                Ok(id) if id > 0 => drop(users.insert(UserId(id))),
                _ => reader
                    .problem("PRIVILEGED_USERS", format!("'{word}' is not a Telegram user id (a number)")),
            }
        }
    }
    users
}

impl Service {
    /// Returns how many of a hundred wake-ups are dropped: none in a release build.
    pub(crate) fn dropped_wake_ups(&self) -> u64 {
        #[cfg(debug_assertions)]
        let dropped = self.dropped_wake_ups;
        #[cfg(not(debug_assertions))]
        let dropped = 0;
        dropped
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = match self.log_format {
            LogFormat::Json => "json",
            LogFormat::Text => "text",
        };
        writeln!(f, "METRICS_ADDR={}\nLOG_FORMAT={format}\nRUST_LOG={}", self.metrics_addr, self.log_filter)?;
        writeln!(f, "SHUTDOWN_GRACE_SECONDS={}", self.shutdown_grace.as_secs())?;
        writeln!(f, "SHUTDOWN_NOTICE_SECONDS={}", self.shutdown_notice.as_secs())?;
        writeln!(f, "STRANDED_AFTER_SECONDS={}", self.stranded_after.as_secs())?;
        writeln!(f, "SUPPORT_CONTACT={}", self.support_contact.as_deref().unwrap_or("(not set)"))
    }
}
