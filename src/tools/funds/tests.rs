//! What the limit of a sub-agent pays for.

use rust_decimal::dec;

use super::*;

#[test]
fn calls_side_by_side_share_what_is_left() {
    let allowance = Allowance::new(Usd(dec!(0.10)));
    assert_eq!(allowance.take(Usd(dec!(0.06))), Ok(()));
    assert_eq!(allowance.take(Usd(dec!(0.06))), Err(Usd(dec!(0.04))));
    assert_eq!(allowance.take(Usd(dec!(0.04))), Ok(()));
    assert_eq!(allowance.take(Usd::ZERO), Ok(()));
}

#[test]
fn what_is_free_runs_even_beyond_the_limit() {
    let allowance = Allowance::new(Usd(dec!(-0.01)));
    assert_eq!(allowance.take(Usd::ZERO), Ok(()));
    assert_eq!(allowance.take(Usd(dec!(0.000001))), Err(Usd(dec!(-0.01))));
    assert!(
        over_limit(Usd(dec!(-0.01)), Usd(dec!(0.0360)))
            .message
            .contains("$0 more, and this call up to $0.036,")
    );
}
