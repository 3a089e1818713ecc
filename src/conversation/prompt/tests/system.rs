//! The system prompt: what all people share, then the wishes of one.

use super::super::*;

#[test]
fn a_persons_wishes_stand_behind_what_all_share() {
    let today = NaiveDate::from_ymd_opt(2026, 11, 29).unwrap();
    let wishes = Personality("Answer in rhymes.".to_owned());
    let (without, with) = (system(today, None), system(today, Some(&wishes)));
    assert_eq!(without.len(), 2);
    assert_eq!(with[..2], without[..]);
    assert!(with[2].ends_with("Their words:\n\nAnswer in rhymes."), "{}", with[2]);
}
