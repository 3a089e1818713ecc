//! Ids of drafts, and long thoughts.

use super::*;

#[test]
fn drafts_have_numbers_that_telegram_takes_and_that_tell_their_turn() {
    for turn in [1, 7, 33_554_431, 33_554_432, i64::MAX] {
        for part in [0, 1, 63, 64] {
            let draft = draft_id(TurnId(turn), part);
            assert!(draft > 0);
            assert!(is_draft_of(TurnId(turn), draft));
        }
        assert_ne!(draft_id(TurnId(turn), 0), draft_id(TurnId(turn), 1));
    }
    assert!(!is_draft_of(TurnId(2), draft_id(TurnId(1), 0)));
}

#[test]
fn long_thoughts_show_their_end() {
    let thoughts = thoughts(&format!("{}end", "x".repeat(2_000)));
    assert!(thoughts.text.starts_with("🧠 …x") && thoughts.text.ends_with("end"));
    assert_eq!(thoughts.entities[0].length, thoughts.text.encode_utf16().count());
}
