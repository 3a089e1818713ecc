//! Answers of the transcription API, complete and damaged.

use super::*;

#[test]
fn answers_are_read_as_far_as_they_can_be() {
    let heard = |text: &str, language: Option<&str>, seconds: Option<&str>| Transcript {
        text: text.to_owned(),
        language: language.map(str::to_owned),
        seconds: seconds.map(|seconds| seconds.parse().unwrap()),
        request_id: None,
    };
    for (body, expected) in [
        (
            r#"{"text":" Hello.\n","languages":["en"],"usage":{"type":"duration","seconds":12}}"#,
            heard("Hello.", Some("en"), Some("12")),
        ),
        (r#"{"text":"","usage":{"type":"duration","seconds":0.1000001}}"#, heard("", None, Some("0.101"))),
        (r#"{"text":"a","usage":{"seconds":1e1},"more":{"x":[]}}"#, heard("a", None, Some("10"))),
        (r#"{"text":"a","usage":{"seconds":"7"},"languages":[1,"RU"]}"#, heard("a", Some("ru"), Some("7"))),
        (r#"{"text":"a","usage":{"type":"tokens","input_tokens":7}}"#, heard("a", None, None)),
        (r#"{"text":"a","usage":null,"languages":null}"#, heard("a", None, None)),
        (r#"{"text":"a","usage":[],"languages":"en"}"#, heard("a", None, None)),
        (r#"{"text":"a","usage":{"seconds":-1},"languages":["<b>"]}"#, heard("a", None, None)),
        (r#"{"text":"a","usage":{"seconds":1e30}}"#, heard("a", None, None)),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap(), expected, "{body}");
    }
    for body in ["", "{", "[]", "{}", r#"{"text":null}"#, r#"{"text":5}"#] {
        assert!(matches!(read(body.as_bytes()), Err(LlmError::BrokenOff)), "{body}");
    }
}

#[test]
fn errors_are_known_by_their_code_or_type() {
    for (body, known) in [
        (r#"{"error":{"code":"insufficient_quota","type":"x"}}"#, Some("insufficient_quota")),
        (r#"{"error":{"code":null,"type":"server_error"}}"#, Some("server_error")),
        (r#"{"error":"no"}"#, None),
        ("<html>", None),
    ] {
        assert_eq!(code(body.as_bytes()).as_deref(), known);
    }
}
