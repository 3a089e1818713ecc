//! Tests: what the administrators of a group set for it.

use super::*;

const ANN: UserId = UserId(42);
const BOB: UserId = UserId(43);

fn usd(amount: &str) -> Usd {
    Usd(amount.parse().unwrap())
}

#[test]
fn a_sponsor_sets_the_limit_of_their_own_money_only() {
    let (none, yes) = (GroupSettings::default(), true);
    let limit = |amount| GroupChoice::DayLimit(usd(amount));
    assert_eq!(none.after(limit("5"), ANN, yes), Err(GroupRefusal::OthersMoney));
    let ann = none.after(GroupChoice::IPay, ANN, yes).unwrap();
    assert_eq!(ann.sponsor, Some(Sponsor { user: ANN, day_limit: usd("1") }));
    let more = ann.after(limit("5"), ANN, yes).unwrap();
    assert_eq!(more.sponsor.unwrap().day_limit, usd("5"));
    assert_eq!(more.after(GroupChoice::IPay, ANN, yes), Ok(more), "a second tap changes nothing");
    assert_eq!(more.after(limit("20"), BOB, yes), Err(GroupRefusal::OthersMoney));
    assert_eq!(more.after(limit("5.5"), ANN, yes), Err(GroupRefusal::Unknown));
    // Another person pays with a limit of their own.
    let bob = more.after(GroupChoice::IPay, BOB, yes).unwrap();
    assert_eq!(bob.sponsor, Some(Sponsor { user: BOB, day_limit: usd("1") }));
    assert_eq!(bob.after(GroupChoice::MembersPay, ANN, yes), Ok(none));
}

#[test]
fn others_than_administrators_may_only_stop_paying() {
    let ann = GroupSettings::default().after(GroupChoice::IPay, ANN, true).unwrap();
    assert_eq!(ann.after(GroupChoice::MembersPay, ANN, false), Ok(GroupSettings::default()));
    for (choice, by) in [
        (GroupChoice::MembersPay, BOB),
        (GroupChoice::IPay, BOB),
        (GroupChoice::DayLimit(usd("5")), ANN),
        (GroupChoice::HearsAll(true), ANN),
        (GroupChoice::Shared(true), ANN),
    ] {
        assert_eq!(ann.after(choice, by, false), Err(GroupRefusal::NoRight), "{choice:?}");
    }
}
