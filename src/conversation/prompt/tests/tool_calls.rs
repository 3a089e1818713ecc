//! Tool calls of earlier answers: their place, and results that are left out.

use super::super::*;
use super::{said, shape};
use crate::domain::tool_round::{LEFT_OUT, PastCall, ToolRound};

fn past(id: &str, result: &str) -> PastCall {
    PastCall::new(id, "list_files", r#"{"b":1,"a":2}"#, result, false).unwrap()
}

#[test]
fn tool_calls_of_an_answer_stand_between_the_pieces_of_its_text() {
    let text = "Let me see.\n\nAnd that.\n\nHere it is.";
    let tool_rounds = vec![
        ToolRound { text_end: 11, calls: vec![past("t1", "one"), past("t2", "two")] },
        ToolRound { text_end: 22, calls: vec![past("t3", "three"), past("t1", "again")] },
    ];
    let answer = HistoryMessage { tool_rounds, ..said(Role::Assistant, text) };
    let only_files = HistoryMessage {
        tool_rounds: vec![ToolRound { text_end: 0, calls: vec![past("t4", "four")] }],
        ..said(Role::Assistant, "")
    };
    let cut = HistoryMessage { interrupted: true, ..only_files.clone() };
    let history = [
        said(Role::User, "a"),
        answer,
        said(Role::User, "b"),
        only_files.clone(),
        said(Role::User, "c"),
        cut,
        said(Role::User, "d"),
    ];
    let built = messages(&history, ChatKind::Private, false);
    assert_eq!(
        shape(&built),
        [
            (Role::User, vec!["a"]),
            (
                Role::Assistant,
                vec!["Let me see.", r#"t1: list_files {"a":2,"b":1}"#, r#"t2: list_files {"a":2,"b":1}"#]
            ),
            (Role::User, vec!["t1 -> one", "t2 -> two"]),
            (Role::Assistant, vec!["And that.", r#"t3: list_files {"a":2,"b":1}"#]),
            (Role::User, vec!["t3 -> three"]),
            (Role::Assistant, vec!["Here it is."]),
            (Role::User, vec!["b"]),
            (Role::Assistant, vec![r#"t4: list_files {"a":2,"b":1}"#]),
            // The words of the person follow the results at once: the answer was nothing but files.
            (Role::User, vec!["t4 -> four", "c"]),
            (Role::Assistant, vec!["[this answer was cut off here]"]),
            (Role::User, vec!["d"]),
        ],
        "an id is repeated only once"
    );
    let begins: Vec<bool> = built.iter().map(LlmMessage::begins_turn).collect();
    assert_eq!(begins.iter().filter(|begins| **begins).count(), 3);
}

#[test]
fn results_of_old_calls_are_left_out_in_steps() {
    let answer = |number: usize| HistoryMessage {
        tool_rounds: vec![ToolRound { text_end: 0, calls: vec![past(&format!("t{number}"), "result")] }],
        ..said(Role::Assistant, "Done.")
    };
    let mut history = Vec::new();
    let mut left_out = Vec::new();
    for number in 0..45 {
        history.extend([said(Role::User, "do it"), answer(number)]);
        let built = messages(&history, ChatKind::Private, false);
        let is_left_out =
            |block: &&Block| matches!(block, Block::ToolResult { content, .. } if content == LEFT_OUT);
        left_out.push(built.iter().flat_map(|message| &message.blocks).filter(is_left_out).count());
    }
    let expected = (1..=45_usize).map(|calls| calls.saturating_sub(11) / 10 * 10);
    assert_eq!(left_out, expected.collect::<Vec<_>>());
}
