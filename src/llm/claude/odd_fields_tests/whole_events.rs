//! Events as a whole: errors whatever they say, and which events are progress.

use crate::llm::LlmError;
use crate::llm::claude::decode::Decoder;
use crate::llm::event::LlmEvent;

#[test]
fn an_error_is_one_whatever_it_says() {
    for error in ["null", "5", "{}", r#"{"type": null, "message": 7}"#, r#"{"type": "\ud83d"}"#, "1e999"] {
        let read = Decoder::default().read(None, &format!(r#"{{"type":"error","error":{error}}}"#));
        assert!(
            matches!(read[..], [Err(LlmError::Provider { .. } | LlmError::Rejected { .. })]),
            "{error}: {read:?}"
        );
    }
}

#[test]
fn pings_and_what_cannot_be_read_are_no_progress_and_the_input_of_a_tool_is() {
    let mut decoder = Decoder::default();
    let mut read = |data: &str| decoder.read(None, data).into_iter().map(Result::unwrap).collect::<Vec<_>>();
    for data in
        [r#"{"type":"ping"}"#, r#"{"type":"new"}"#, "odd", r#"{"type":"content_block_delta","delta":null}"#]
    {
        assert_eq!(read(data), [LlmEvent::Alive], "{data}");
    }
    for data in [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}"#,
    ] {
        assert_eq!(read(data), [LlmEvent::Working], "{data}");
    }
}
