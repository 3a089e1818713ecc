//! What is removed from a conversation that is too long, and what stays.

use super::*;
use crate::domain::message::Role;
use crate::llm::message::Block;
use crate::llm::registry::Registry;
use crate::llm::request::ToolChoice;

fn request(lengths: &[usize]) -> LlmRequest {
    let role = |index: usize| if index.is_multiple_of(2) { Role::User } else { Role::Assistant };
    let message = |(index, &length): (usize, &usize)| LlmMessage {
        role: role(index),
        blocks: vec![Block::Text("x".repeat(length))],
    };
    LlmRequest {
        model: Registry::load(None).unwrap().default_model().clone(),
        effort: None,
        max_tokens: 1,
        system: vec![],
        tools: [].into(),
        server_tools: [].into(),
        tool_choice: ToolChoice::Auto,
        messages: lengths.iter().enumerate().map(message).collect(),
        stable: lengths.len() - 1,
    }
}

#[test]
fn results_of_tools_stay_with_their_calls() {
    let result = || Block::ToolResult {
        call: "t".to_owned(),
        content: "x".repeat(10),
        images: Vec::new(),
        is_error: false,
    };
    let mut long = request(&[10; 61]);
    // Every second turn has a tool call, whose result is a message of the user.
    for index in (2..61).step_by(4) {
        long.messages[index].blocks.insert(0, result());
    }
    assert!(trim(&mut long, 610, 500));
    assert!(long.messages[0].begins_turn());
    assert_eq!(long.messages.len(), 41, "the first turn from the twentieth message on");
    let mut one_turn = request(&[10; 5]);
    one_turn.messages[2].blocks.insert(0, result());
    one_turn.messages[4].blocks.insert(0, result());
    assert!(!trim(&mut one_turn, 50, 10), "a turn is not cut in its middle");
}

#[test]
fn whole_turns_go_and_the_newest_stays() {
    for (lengths, tokens, target, left) in [
        (vec![10, 10, 10, 10, 10], 50, 30, 3),
        (vec![10, 10, 10, 10, 10], 50, 31, 3),
        (vec![10, 10, 10, 10, 10], 50, 10, 1),
        (vec![100, 1, 10], 111, 60, 1),
        (vec![10], 50, 10, 1),
        // A long conversation is cut in steps of twenty, so that the next turns cut at the same place.
        (vec![10; 101], 1_010, 909, 81),
        (vec![10; 103], 1_030, 909, 83),
    ] {
        let mut request = request(&lengths);
        let dropped = trim(&mut request, tokens, target);
        assert_eq!(request.messages.len(), left, "{lengths:?} from {tokens} to {target}");
        assert_eq!(dropped, left < lengths.len());
        assert_eq!(request.messages[0].role, Role::User);
        assert_eq!(request.stable, left - 1);
    }
}
