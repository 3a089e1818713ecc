//! Serialises the events of the stream. Deltas are written by hand into one buffer, because there are many of
//! them; all other events go through `serde_json`.

use serde_json::{Value, json};

/// The text of a delta, by its kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Delta {
    Text,
    Thinking,
    Signature,
    Json,
}

/// Appends an event whose name is the type of its data.
pub(super) fn event(buffer: &mut Vec<u8>, data: &Value) {
    buffer.extend_from_slice(b"event: ");
    buffer.extend_from_slice(data["type"].as_str().unwrap_or_default().as_bytes());
    buffer.extend_from_slice(b"\ndata: ");
    buffer.extend_from_slice(data.to_string().as_bytes());
    buffer.extend_from_slice(b"\n\n");
}

/// Appends an event without a name, with any data in one line.
pub(super) fn raw(buffer: &mut Vec<u8>, data: &str) {
    buffer.extend_from_slice(b"data: ");
    buffer.extend_from_slice(data.as_bytes());
    buffer.extend_from_slice(b"\n\n");
}

/// Appends a delta of a block.
pub(super) fn delta(buffer: &mut Vec<u8>, index: usize, kind: Delta, text: &str) {
    let (kind, field) = match kind {
        Delta::Text => ("text_delta", "text"),
        Delta::Thinking => ("thinking_delta", "thinking"),
        Delta::Signature => ("signature_delta", "signature"),
        Delta::Json => ("input_json_delta", "partial_json"),
    };
    let head = format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\
         \"delta\":{{\"type\":\"{kind}\",\"{field}\":"
    );
    buffer.extend_from_slice(head.as_bytes());
    buffer.extend_from_slice(Value::from(text).to_string().as_bytes());
    buffer.extend_from_slice(b"}}\n\n");
}

/// Appends the start of a block.
pub(super) fn block_start(buffer: &mut Vec<u8>, index: usize, block: &Value) {
    event(buffer, &json!({"type":"content_block_start","index":index,"content_block":block}));
}

/// Appends the end of a block.
pub(super) fn block_stop(buffer: &mut Vec<u8>, index: usize) {
    event(buffer, &json!({"type":"content_block_stop","index":index}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_are_what_serde_would_write() {
        for (kind, name, field) in [
            (Delta::Text, "text_delta", "text"),
            (Delta::Thinking, "thinking_delta", "thinking"),
            (Delta::Signature, "signature_delta", "signature"),
            (Delta::Json, "input_json_delta", "partial_json"),
        ] {
            let (mut by_hand, text) = (Vec::new(), "a \"quoted\"\nline \u{1F680} \u{7}");
            delta(&mut by_hand, 3, kind, text);
            let lines = String::from_utf8(by_hand).unwrap();
            let data = lines.strip_prefix("event: content_block_delta\ndata: ").unwrap();
            let data: Value = serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap();
            let expected = json!({"type":"content_block_delta","index":3,"delta":{"type":name,field:text}});
            assert_eq!(data, expected);
        }
    }
}
