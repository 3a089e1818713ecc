//! Tests: sponsors.

use super::*;

fn usd(amount: &str) -> Usd {
    Usd(amount.parse().unwrap())
}

#[test]
fn a_sponsor_pays_as_long_as_anything_is_left() {
    use Judgement::{Declines, Pays, Waits};
    let (day, short) = (Declines(SponsorShortage::DayLimit), Declines(SponsorShortage::Funds));
    for (balance, held, refunding, spent, reserved, free, judgement) in [
        ("1", "0", "0", "0", "0", false, Pays),
        ("0.000000001", "0", "0", "0.999999999", "0", false, Pays),
        ("1", "0", "0", "1", "0", false, day),
        ("1", "0", "0", "1.000000001", "0", true, day),
        ("1", "0.5", "0", "0.5", "0.499999999", false, Pays),
        ("1", "0.5", "0", "0.5", "0.5", false, Waits),
        ("1", "1", "0", "0", "0.2", false, Waits),
        ("1", "1", "0", "0", "0.2", true, Pays),
        ("0", "0", "0", "0", "0", false, short),
        ("-1", "0", "0", "0", "0", true, Pays),
        ("1", "1", "1", "0", "0", false, short),
    ] {
        let funds = SponsorFunds {
            balance: usd(balance),
            held: usd(held),
            refunding: usd(refunding),
            banned: false,
            spent: usd(spent),
            reserved: usd(reserved),
        };
        assert_eq!(judge(&funds, usd("1"), free), judgement, "{funds:?}");
        let banned = SponsorFunds { banned: true, ..funds };
        assert_ne!(judge(&banned, usd("1"), free), Pays, "{banned:?}");
    }
}
