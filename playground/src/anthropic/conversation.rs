//! Reads a request's conversation: roles, blocks and texts, whether content is a string or an array. Accepts
//! any JSON, because it also serves requests that will be refused.

use serde_json::Value;

/// A content block; a plain string counts as a text block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Block<'a> {
    Text(&'a str),
    Other(&'a Value),
}

impl<'a> Block<'a> {
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }

    pub(super) fn kind(self) -> &'a str {
        match self {
            Self::Text(_) => "text",
            Self::Other(block) => block["type"].as_str().unwrap_or_default(),
        }
    }
}

/// Returns the blocks of a string or of an array of blocks.
pub(super) fn blocks(content: &Value) -> Vec<Block<'_>> {
    match content {
        Value::String(text) => vec![Block::Text(text)],
        Value::Array(blocks) => blocks.iter().map(block).collect(),
        _ => Vec::new(),
    }
}

fn block(block: &Value) -> Block<'_> {
    match (block["type"].as_str(), block["text"].as_str()) {
        (Some("text"), Some(text)) => Block::Text(text),
        _ => Block::Other(block),
    }
}

/// Returns the messages of a request body.
pub(super) fn messages(body: &Value) -> &[Value] {
    body["messages"].as_array().map_or(&[], Vec::as_slice)
}

/// Returns the role of a message.
pub(super) fn role(message: &Value) -> &str {
    message["role"].as_str().unwrap_or_default()
}

/// Returns all text blocks of a message, joined by line breaks.
pub(super) fn text_of(message: &Value) -> String {
    let texts: Vec<&str> = blocks(&message["content"]).into_iter().filter_map(Block::text).collect();
    texts.join("\n")
}

/// Returns the last user message; `null` if there is none.
pub(super) fn newest_user_message(body: &Value) -> &Value {
    messages(body).iter().rfind(|message| role(message) == "user").unwrap_or(&Value::Null)
}

/// Returns the texts of the last user message, joined by line breaks; empty if it has none.
pub(super) fn newest_user_text(body: &Value) -> String {
    text_of(newest_user_message(body))
}

/// Returns the texts of the last user message that is more than results of tools: the question before they
/// were called. Empty if that message has only files.
pub(super) fn newest_question(body: &Value) -> String {
    let is_question = |message: &&Value| {
        let blocks = blocks(&message["content"]);
        role(message) == "user" && blocks.iter().any(|block| block.kind() != "tool_result")
    };
    messages(body).iter().rfind(is_question).map(text_of).unwrap_or_default()
}

/// Returns the tool results in the last user message: the name of the tool and the text of its result.
pub(super) fn newest_tool_results(body: &Value) -> Vec<(String, String)> {
    let all = messages(body);
    let Some(last) = all.iter().rfind(|message| role(message) == "user") else { return Vec::new() };
    let called = |id: &Value| {
        all.iter()
            .flat_map(|message| message["content"].as_array().into_iter().flatten())
            .find(|block| block["type"] == "tool_use" && block["id"] == *id)
            .and_then(|block| block["name"].as_str())
    };
    let results = last["content"].as_array().into_iter().flatten();
    results
        .filter(|block| block["type"] == "tool_result")
        .map(|result| (called(&result["tool_use_id"]).unwrap_or("unknown").to_owned(), text_of(result)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn newest_user_text_by_shape() {
        for (content, text) in [
            (json!("hi"), "hi"),
            (json!([{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":"b"}]), "a\nb"),
            (json!([{"type":"tool_result","tool_use_id":"x"}]), ""),
            (json!(7), ""),
        ] {
            let body = json!({"messages":[{"role":"user","content":"old"},{"role":"assistant","content":"x"},
                {"role":"user","content":content}]});
            assert_eq!(newest_user_text(&body), text);
        }
        assert_eq!(newest_user_text(&json!(null)), "");
    }

    #[test]
    fn a_message_with_only_a_file_asks_nothing_that_was_asked_before() {
        let body = |newest: Value| {
            let earlier = json!({"role":"user","content":"old"});
            json!({"messages":[earlier, {"role":"assistant","content":"x"}, {"role":"user","content":newest}]})
        };
        assert_eq!(newest_question(&body(json!([{"type":"image"}]))), "");
        assert_eq!(newest_question(&body(json!([{"type":"tool_result","tool_use_id":"x"}]))), "old");
    }

    #[test]
    fn tool_results_know_their_tool() {
        let body = json!({"messages":[
            {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"clock","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"noon"}]}]});
        assert_eq!(newest_tool_results(&body), [("clock".to_owned(), "noon".to_owned())]);
    }
}
