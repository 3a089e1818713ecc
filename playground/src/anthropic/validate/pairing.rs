//! Checks that every tool call has a result in the next message, and every result a call.

use serde_json::Value;

use super::request::{Check, Request, fail};
use crate::anthropic::conversation::{messages, role};

pub(super) fn check(request: &Request<'_>) -> Check {
    let all = messages(request.body);
    unique(all)?;
    for (at, message) in all.iter().enumerate() {
        results_first(at, message)?;
        let calls = ids(message, "tool_use", "id");
        let next = all.get(at + 1).filter(|next| role(next) == "user");
        let answers = next.map(|next| ids(next, "tool_result", "tool_use_id")).unwrap_or_default();
        let open: Vec<&str> = calls.iter().filter(|id| !answers.contains(id)).copied().collect();
        if !open.is_empty() {
            let open = open.join(", ");
            return fail(
                format!("messages.{at}"),
                format!(
                    "`tool_use` ids were found without `tool_result` blocks immediately after: {open}. \
                     The next message must answer each `tool_use` block."
                ),
            );
        }
        let before = at.checked_sub(1).map(|before| ids(&all[before], "tool_use", "id")).unwrap_or_default();
        answered(at, message, &before)?;
    }
    Ok(())
}

fn unique(all: &[Value]) -> Check {
    let mut seen = std::collections::HashSet::new();
    for (at, message) in all.iter().enumerate() {
        if let Some(id) = ids(message, "tool_use", "id").into_iter().find(|id| !seen.insert(*id)) {
            return fail(
                format!("messages.{at}.content"),
                format!("`tool_use` ids must be unique, found {id} twice"),
            );
        }
    }
    Ok(())
}

fn results_first(at: usize, message: &Value) -> Check {
    let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
    let late = blocks.iter().skip_while(|b| b["type"] == "tool_result").any(|b| b["type"] == "tool_result");
    if late {
        return fail(
            format!("messages.{at}"),
            "`tool_result` blocks must come first in the content of a user message, before any other block",
        );
    }
    Ok(())
}

fn answered(at: usize, message: &Value, calls: &[&str]) -> Check {
    let blocks = message["content"].as_array().into_iter().flatten().enumerate();
    let mut seen = Vec::new();
    for (block, value) in blocks.filter(|(_, value)| value["type"] == "tool_result") {
        let id = value["tool_use_id"].as_str().unwrap_or_default();
        let path = format!("messages.{at}.content.{block}");
        if !calls.contains(&id) {
            return fail(
                path,
                format!(
                    "unexpected `tool_use_id` found in `tool_result` blocks: {id}. \
                     The previous message must hold the `tool_use` block that it answers."
                ),
            );
        }
        if seen.contains(&id) {
            return fail(path, format!("each `tool_use` must have a single result, found several for {id}"));
        }
        seen.push(id);
    }
    Ok(())
}

fn ids<'a>(message: &'a Value, kind: &str, field: &str) -> Vec<&'a str> {
    let blocks = message["content"].as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == kind).filter_map(|block| block[field].as_str()).collect()
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "table rows are literals")]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, with};

    fn talk(messages: Value) -> Value {
        with(json!({"tools":[{"name":"clock","input_schema":{"type":"object"}}],"messages":messages}))
    }

    fn call(ids: &[&str]) -> Value {
        let calls: Vec<Value> =
            ids.iter().map(|id| json!({"type":"tool_use","id":id,"name":"clock","input":{}})).collect();
        json!({"role":"assistant","content":calls})
    }

    fn answer(ids: &[&str]) -> Value {
        let results: Vec<Value> =
            ids.iter().map(|id| json!({"type":"tool_result","tool_use_id":id,"content":"noon"})).collect();
        json!({"role":"user","content":results})
    }

    fn say(text: &str) -> Value {
        json!({"role":"user","content":text})
    }

    pub(crate) fn cases() -> Vec<Case> {
        let ask = say("What time is it?");
        let mut late = answer(&["a"]);
        late["content"].as_array_mut().unwrap().insert(0, json!({"type":"text","text":"here"}));
        let mut with_text = answer(&["a"]);
        with_text["content"].as_array_mut().unwrap().push(json!({"type":"text","text":"and hurry"}));
        vec![
            accepted("pairs", talk(json!([ask, call(&["a", "b"]), answer(&["b", "a"])]))),
            accepted("text after results", talk(json!([ask, call(&["a"]), with_text]))),
            refused("open call", talk(json!([ask, call(&["a"]), say("hi")])), "messages.1: `tool_use` ids"),
            refused("half answered", talk(json!([ask, call(&["a", "b"]), answer(&["a"])])), "after: b."),
            refused(
                "answered late",
                talk(json!([ask, call(&["a"]), say("wait"), answer(&["a"])])),
                "messages.1: `tool_use` ids were found without",
            ),
            refused("answer to nothing", talk(json!([answer(&["a"])])), "messages.0.content.0: unexpected"),
            refused(
                "answer to another",
                talk(json!([ask, call(&["a"]), answer(&["a", "z"])])),
                "messages.2.content.1: unexpected `tool_use_id` found",
            ),
            refused(
                "answered twice",
                talk(json!([ask, call(&["a"]), answer(&["a", "a"])])),
                "a single result",
            ),
            refused("result after text", talk(json!([ask, call(&["a"]), late])), "must come first"),
            refused(
                "same id again",
                talk(json!([ask, call(&["a"]), answer(&["a"]), call(&["a"]), answer(&["a"])])),
                "messages.3.content: `tool_use` ids must be unique",
            ),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
