//! Verdicts, and what cannot be checked.

use super::*;

#[test]
fn a_verdict_is_found_wherever_it_stands() {
    let whole =
        r#"{"verdict": "PASS", "alignment_score": 97, "confidence": 80, "issues": [], "summary": "Fine."}"#;
    let fenced = format!("I looked at {{everything}}.\n```json\n{whole}\n```\nThat is all {{}}.");
    for text in [whole, &fenced, r#"{"verdict": "NEEDS_IMPROVEMENT"}"#] {
        let found = verdict(text, CAP, 3).unwrap();
        assert!(["PASS", "NEEDS_IMPROVEMENT"].contains(&found["verdict"].as_str().unwrap()));
        assert_eq!((&found["cost_usd"], &found["rounds"]), (&json!("0.5"), &json!(3)));
    }
    for text in ["", "{", "PASS", r#"{"verdict": "MAYBE"}"#, "{}", r#"{"alignment_score": 1}"#] {
        assert_eq!(verdict(text, CAP, 1).unwrap_err().error, "no_verdict", "{text}");
    }
}

#[test]
fn what_cannot_be_checked_is_explained() {
    let arguments = |request: &str, content: String| Arguments {
        user_request: request.to_owned(),
        content,
        focus_areas: vec![Focus::EdgeCases],
    };
    assert!(prompt(&arguments("a", "b".into())).unwrap().contains(r#"["edge_cases"]"#));
    for wrong in
        [arguments(" ", "b".into()), arguments("a", "\n".into()), arguments("a", "x".repeat(100_000))]
    {
        assert_eq!(prompt(&wrong).unwrap_err().error, "invalid_arguments");
    }
}
