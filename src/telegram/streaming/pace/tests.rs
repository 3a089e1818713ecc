//! When an unfinished message is shown.

use super::*;

#[tokio::test(start_paused = true)]
async fn first_at_once_then_once_a_second_then_a_reminder() {
    let mut pace = Pace::drafts();
    assert_eq!(pace.due(), None);
    pace.changed();
    assert_eq!(pace.due(), Some(Instant::now()));
    pace.showing(false);
    assert_eq!(pace.due(), Some(Instant::now() + REMINDER));
    pace.changed();
    assert_eq!(pace.due(), Some(Instant::now() + DRAFT_GAP));
    pace.showing(true);
    pace.changed();
    assert_eq!(pace.due(), Some(Instant::now() + 2 * DRAFT_GAP));
}

#[tokio::test(start_paused = true)]
async fn what_was_postponed_is_still_wanted() {
    let mut pace = Pace::edits();
    pace.changed();
    pace.showing(false);
    assert_eq!(pace.due(), None, "an edit stays, so it needs no reminder");
    let later = Instant::now() + Duration::from_secs(30);
    pace.postponed(later);
    assert_eq!(pace.due(), Some(later));
}
