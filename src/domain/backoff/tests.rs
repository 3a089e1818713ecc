//! Pauses: how they double, their limit and their jitter.

use super::*;

fn backoff(first: u64, longest: u64) -> Backoff {
    Backoff::new(Duration::from_secs(first), Duration::from_secs(longest))
}

#[test]
fn pauses_double_up_to_the_limit_and_start_again_after_a_success() {
    let mut pauses = backoff(1, 5);
    let mut next = || pauses.next().as_secs();
    assert_eq!([next(), next(), next(), next(), next()], [1, 2, 4, 5, 5]);
    pauses.reset();
    assert_eq!(pauses.next(), Duration::from_secs(1));
}

#[test]
fn the_limit_holds_for_the_first_pause_and_for_the_largest() {
    let mut short = backoff(9, 5);
    assert_eq!(short.next(), Duration::from_secs(5));
    short.reset();
    assert_eq!(short.next(), Duration::from_secs(5));
    let mut huge = Backoff::new(Duration::MAX / 2 + Duration::from_secs(1), Duration::MAX);
    huge.next();
    assert_eq!([huge.next(), huge.next()], [Duration::MAX; 2]);
    assert_eq!(Backoff::new(Duration::ZERO, Duration::MAX).next(), Duration::ZERO);
}

#[test]
fn jitter_stays_within_an_eighth_and_does_not_add_up() {
    for _ in 0..100 {
        let mut pauses = backoff(8, 16).with_jitter();
        for expected in [8_000, 16_000, 16_000] {
            let pause = pauses.next().as_millis();
            assert!((expected * 7 / 8..=expected * 9 / 8).contains(&pause), "{pause} ms");
        }
    }
}
