//! Tests: asks the last question of a conversation again.

use super::*;

#[test]
fn only_the_last_question_is_asked_again_and_only_once() {
    let last = |open, remembered, retry_of: Option<i64>| {
        let (turn, asker, retry_of) = (TurnId(7), UserId(42), retry_of.map(TurnId));
        Some(NewestTurn { turn, open, remembered, asker, retry_of })
    };
    for (newest, wanted, judged) in [
        (None, None, Err(RetryRefusal::NoQuestion)),
        (None, Some(7), Err(RetryRefusal::Old)),
        (last(false, true, None), None, Ok(TurnId(7))),
        (last(false, true, Some(6)), None, Ok(TurnId(7))),
        (last(false, true, None), Some(7), Ok(TurnId(7))),
        (last(false, true, None), Some(6), Err(RetryRefusal::Old)),
        (last(false, true, Some(6)), Some(6), Err(RetryRefusal::Used)),
        (last(true, true, Some(6)), Some(6), Err(RetryRefusal::Used)),
        (last(true, true, None), Some(7), Err(RetryRefusal::Running)),
        (last(true, true, None), None, Err(RetryRefusal::Running)),
        (last(false, false, None), None, Err(RetryRefusal::NoQuestion)),
    ] {
        assert_eq!(judge(newest, wanted.map(TurnId), UserId(42)), judged, "{newest:?} {wanted:?}");
        if judged.is_ok() {
            let others = judge(newest, wanted.map(TurnId), UserId(43));
            assert_eq!(others, Err(RetryRefusal::NotYours));
        }
    }
}
