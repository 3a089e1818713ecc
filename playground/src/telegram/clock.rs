//! The time as the Bot API gives it.

/// Returns the current Unix time in seconds.
pub(super) fn unix_now() -> i64 {
    chrono::Utc::now().timestamp()
}
