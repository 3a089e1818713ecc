//! What later prompts keep of tool calls.

use super::*;

fn call(input: &str, result: &str) -> PastCall {
    PastCall::new("toolu_1", "list_files", input, result, false).unwrap()
}

#[test]
fn long_arguments_and_results_are_shortened_at_character_boundaries() {
    assert_eq!(call("{}", "short").result, "short");
    let long = call(&"я".repeat(LONGEST_INPUT), &format!("a{}", "я".repeat(LONGEST_RESULT)));
    assert_eq!(long.input, r#"{"left_out":"32000 bytes of arguments"}"#);
    assert!(long.result.len() <= LONGEST_RESULT + 40, "{}", long.result.len());
    assert!(long.result.starts_with("aя") && long.result.ends_with('я'));
    assert!(long.result.contains("bytes left out]"));
}

#[test]
fn what_the_provider_would_refuse_is_not_remembered() {
    for (id, tool) in [
        ("", "list_files"),
        ("a b", "list_files"),
        ("я", "list_files"),
        ("a", "no_such_tool"),
        ("a", "web_fetch"),
    ] {
        assert_eq!(PastCall::new(id, tool, "{}", "", false), None, "{id} {tool}");
    }
}

#[test]
fn the_oldest_results_of_an_answer_go_first() {
    let calls = vec![call("{}", &"x".repeat(6_000)); 12];
    let mut rounds =
        [ToolRound { text_end: 0, calls: calls[..6].to_vec() }, ToolRound { text_end: 0, calls }];
    limit(&mut rounds);
    let kept: Vec<bool> =
        rounds.iter().flat_map(|round| &round.calls).map(|call| call.result != LEFT_OUT).collect();
    assert_eq!(kept, [vec![false; 9], vec![true; 9]].concat());
}
