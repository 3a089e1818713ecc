//! How long a turn waits after crashes, and when it is given up.

use super::*;

#[test]
fn the_more_often_it_was_alone_the_longer_it_waits_but_not_for_ever() {
    for (crashes_alone, seconds) in [(0, 0), (1, 2), (2, 10), (3, 20), (4, 40), (9, 600), (i32::MAX, 600)] {
        assert_eq!(pause(crashes_alone), Duration::from_secs(seconds), "{crashes_alone}");
    }
}

#[test]
fn only_what_was_alone_in_flight_in_three_crashes_is_given_up() {
    use Company::{Nobody, Others};
    for (crashes, crashes_alone, again, finish) in [
        (0, 0, Verdict::Again(Others), Verdict::Finish(Others)),
        (1, 0, Verdict::Again(Others), Verdict::Finish(Others)),
        (1, 1, Verdict::Again(Others), Verdict::Finish(Others)),
        (2, 0, Verdict::Again(Nobody), Verdict::Finish(Nobody)),
        (2, 2, Verdict::Again(Nobody), Verdict::Finish(Nobody)),
        (1_000, 0, Verdict::Again(Nobody), Verdict::Finish(Nobody)),
        (1_000, 2, Verdict::Again(Nobody), Verdict::Finish(Nobody)),
        (3, 3, Verdict::GiveUp, Verdict::GiveUp),
        (9, 7, Verdict::GiveUp, Verdict::GiveUp),
    ] {
        let found = |shown| judge(Facts { shown, crashes, crashes_alone });
        assert_eq!((found(false), found(true)), (again, finish), "{crashes}, {crashes_alone} alone");
    }
}
