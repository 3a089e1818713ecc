//! Figures of usage that are missing, odd or told twice.

use serde_json::json;

use crate::domain::usage::Usage;
use crate::llm::claude::decode::Decoder;
use crate::llm::claude::tests::decode;
use crate::llm::event::{LlmEvent, Reported};

#[test]
fn figures_that_are_missing_or_odd_are_known_to_be() {
    let start = |usage: &str| format!(r#"{{"type":"message_start","message":{{"usage":{usage}}}}}"#);
    let end = |usage: &str| format!(r#"{{"type":"message_delta","delta":{{}},"usage":{usage}}}"#);
    for (beginning, ending, prompt, output, figures) in [
        (r#"{"input_tokens": 5}"#, r#"{"output_tokens": 7}"#, true, true, (5, 7)),
        (r#"{"input_tokens": 5.0}"#, r#"{"output_tokens": "7"}"#, true, true, (5, 7)),
        (r#"{"input_tokens": 5, "cache_read_input_tokens": null}"#, "null", true, false, (5, 0)),
        (r#"{"input_tokens": 5, "cache_read_input_tokens": -1}"#, "{}", false, false, (5, 0)),
        (r#"{"input_tokens": 5, "cache_creation_input_tokens": "x"}"#, "[]", false, false, (5, 0)),
        (r#"{"input_tokens": -5, "output_tokens": 3}"#, r#"{"output_tokens": -7}"#, false, false, (0, 3)),
        (r#"{"input_tokens": 1e300}"#, r#"{"output_tokens": 1e999}"#, false, false, (0, 0)),
        (r#"{"input_tokens": 99999999}"#, r#"{"output_tokens": 99999999}"#, false, false, (0, 0)),
        ("null", r#"{"input_tokens": 5, "output_tokens": 7}"#, true, true, (5, 7)),
        (r#"{"input_tokens": 5, "output_tokens": 9}"#, r#"{"input_tokens": "?"}"#, true, false, (5, 9)),
        ("12", "\"odd\"", false, false, (0, 0)),
    ] {
        let mut decoder = Decoder::default();
        decoder.read(None, &start(beginning));
        let read = decoder.read(None, &end(ending));
        let [Ok(LlmEvent::Usage(reported))] = read[..] else { panic!("{ending}: {read:?}") };
        let read = (reported.prompt, reported.output, (reported.usage.input, reported.usage.output));
        assert_eq!(read, (prompt, output, figures), "{beginning} {ending}");
    }
}

#[test]
fn a_second_beginning_only_adds_what_it_knows_better() {
    let start = |input: u64, output: u64| json!({"type": "message_start", "message": {"usage": {"input_tokens": input, "output_tokens": output}}});
    let text = |text: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    let events = decode(&[start(9, 1), text("a"), start(5, 3), text("b")]);
    let reported = |input, output| {
        let usage = Usage { input, output, ..Usage::default() };
        LlmEvent::Usage(Reported { usage, prompt: true, output: false })
    };
    let said = |text: &str| LlmEvent::Text(text.to_owned());
    assert_eq!(events, [reported(9, 1), said("a"), reported(9, 3), said("b")]);
}
