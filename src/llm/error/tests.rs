//! Pauses after errors of the provider.

use super::*;

#[test]
fn pauses_grow_and_obey_the_provider() {
    let nth = |retry, number| {
        let mut pauses = RetryPauses::new();
        (0..number).map(|_| pauses.after(retry)).last().flatten()
    };
    // Each is spread by an eighth to both sides.
    for (retry, number, expected_ms) in
        [(Retry::Soon, 1, 500), (Retry::Soon, 3, 2_000), (Retry::Later, 1, 1_500), (Retry::Later, 3, 6_000)]
    {
        let waited = nth(retry, number).map(|pause| pause.as_millis());
        let spread = expected_ms * 7 / 8..=expected_ms * 9 / 8;
        assert!(waited.is_some_and(|waited| spread.contains(&waited)), "{retry:?} {number}: {waited:?}");
    }
    assert_eq!(nth(Retry::After(Duration::from_secs(7)), 1), Some(Duration::from_secs(7)));
    assert_eq!(nth(Retry::After(Duration::from_secs(61)), 1), None);
    assert_eq!(nth(Retry::Never, 1), None);
}

#[test]
fn a_failure_of_another_kind_lengthens_the_pause_too() {
    let mut pauses = RetryPauses::new();
    pauses.after(Retry::Soon);
    pauses.after(Retry::After(Duration::from_secs(1)));
    let waited = pauses.after(Retry::Later).map(|pause| pause.as_millis());
    assert!(waited.is_some_and(|waited| (5_250..=6_750).contains(&waited)), "{waited:?}");
}
