//! Tests: the janitor.

use super::*;

#[test]
fn the_work_is_done_once_a_night() {
    for (now, hours) in
        [("2026-11-21T01:00:00Z", 2), ("2026-11-21T03:00:00Z", 24), ("2026-11-21T15:00:00Z", 12)]
    {
        assert_eq!(until_next(now.parse().unwrap()), Duration::from_secs(hours * 3_600), "{now}");
    }
}
