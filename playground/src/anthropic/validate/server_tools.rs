//! Checks of the API's own tools: their definitions, and that calls and results are sent back complete and
//! unchanged.

use serde_json::Value;

use super::request::{Check, Request, each_block, fail, only_known};
use crate::anthropic::conversation::{messages, role};
use crate::anthropic::web;

const CALLERS: &[&str] =
    &["direct", "code_execution_20250825", "code_execution_20260120", "code_execution_20260521"];

/// Checks the fields of a definition whose type and name are known.
pub(super) fn definition(path: &str, tool: &Value) -> Check {
    for field in ["max_uses", "max_content_tokens"] {
        let value = &tool[field];
        if !value.is_null() && value.as_u64().is_none_or(|number| number == 0) {
            return fail(format!("{path}.{field}"), "Input should be an integer greater than 0");
        }
    }
    for field in ["allowed_domains", "blocked_domains"] {
        domains(&format!("{path}.{field}"), &tool[field])?;
    }
    if let Some(callers) = tool.get("allowed_callers") {
        let known = |caller: &Value| caller.as_str().is_some_and(|caller| CALLERS.contains(&caller));
        if callers.as_array().is_none_or(|callers| callers.is_empty() || !callers.iter().all(known)) {
            return fail(format!("{path}.allowed_callers"), format!("Input should be a list of {CALLERS:?}"));
        }
    }
    if let Some(citations) = tool.get("citations").filter(|citations| !citations.is_null()) {
        let path = format!("{path}.citations");
        if !citations["enabled"].is_boolean() {
            return fail(format!("{path}.enabled"), "Input should be a valid boolean");
        }
        only_known(&path, citations, &["enabled"])?;
    }
    match tool["response_inclusion"].as_str() {
        None if tool["response_inclusion"].is_null() => Ok(()),
        Some("full" | "excluded") => Ok(()),
        _ => fail(format!("{path}.response_inclusion"), "Input should be 'full' or 'excluded'"),
    }
}

fn domains(path: &str, list: &Value) -> Check {
    let listed = match list {
        Value::Null => return Ok(()),
        Value::Array(listed) => listed,
        _ => return fail(path, "Input should be a valid list"),
    };
    for (at, domain) in listed.iter().enumerate() {
        let text = domain.as_str().unwrap_or_default();
        let host = text.split('/').next().unwrap_or_default();
        let is_host = host.contains('.')
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
        if !is_host || text.contains("://") {
            return fail(
                format!("{path}.{at}"),
                "Input should be a domain without a scheme, such as example.com",
            );
        }
    }
    Ok(())
}

/// Checks that each result belongs to one call before it, that encrypted content is unchanged, and that no
/// call is without a result when the user speaks again; results of client tools alone may come before it.
pub(super) fn check(request: &Request<'_>) -> Check {
    pairs(messages(request.body))?;
    for (path, _, block) in each_block(request.body) {
        let items = block["content"].as_array().into_iter().flatten().enumerate();
        for (at, item) in items.filter(|(_, item)| item["type"] == "web_search_result") {
            if !web::is_authentic(item) {
                return fail(
                    format!("{path}.web_search_tool_result.content.{at}"),
                    "Invalid `encrypted_content` in `web_search_result` block",
                );
            }
        }
        let citations = block["citations"].as_array().into_iter().flatten().enumerate();
        for (at, citation) in
            citations.filter(|(_, citation)| citation["type"] == "web_search_result_location")
        {
            if !web::is_authentic_citation(citation) {
                return fail(format!("{path}.text.citations.{at}"), "Invalid `encrypted_index` in citation");
            }
        }
    }
    Ok(())
}

fn pairs(all: &[Value]) -> Check {
    let mut open: Vec<(String, &str, &str)> = Vec::new();
    for (at, message) in all.iter().enumerate() {
        let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
        let speaks = blocks.is_empty() || blocks.iter().any(|block| block["type"] != "tool_result");
        if speaks && role(message) != "assistant" {
            if let Some((path, id, name)) = open.first() {
                return fail(
                    path,
                    format!(
                        "`{name}` tool use with id `{id}` was found without a corresponding result block"
                    ),
                );
            }
            continue;
        }
        for (number, block) in blocks.iter().enumerate() {
            let (path, kind) =
                (format!("messages.{at}.content.{number}"), block["type"].as_str().unwrap_or_default());
            if kind == "server_tool_use" {
                let text = |field: &str| block[field].as_str().unwrap_or_default();
                let (id, name) = (text("id"), text("name"));
                if !id.starts_with("srvtoolu_") {
                    let problem = "String should match pattern '^srvtoolu_[a-zA-Z0-9_]+$'";
                    return fail(format!("{path}.server_tool_use.id"), problem);
                }
                open.push((path, id, name));
            } else if let Some(name) = kind.strip_suffix("_tool_result") {
                let call = block["tool_use_id"].as_str().unwrap_or_default();
                let Some(found) = open.iter().position(|(_, id, of)| *id == call && *of == name) else {
                    return fail(
                        path,
                        format!(
                            "unexpected `tool_use_id` found in `{kind}` blocks: {call}. \
                                 Each result must follow the `server_tool_use` block that it answers."
                        ),
                    );
                };
                open.remove(found);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "table rows are literals")]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, with};
    use crate::anthropic::web;

    fn search(fields: Value) -> Value {
        let mut tool = json!({"type":"web_search_20260318","name":"web_search"});
        tool.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        with(json!({"tools":[tool]}))
    }

    fn talk(assistant: Vec<Value>, then: Value) -> Value {
        let clock = json!({"name":"clock","input_schema":{"type":"object"}});
        let tools = json!([{"type":"web_search_20260318","name":"web_search"}, clock]);
        let mut messages =
            vec![json!({"role":"user","content":"a"}), json!({"role":"assistant","content":assistant})];
        messages.extend(then.as_array().unwrap().clone());
        with(json!({"tools":tools,"messages":messages}))
    }

    fn call(id: &str) -> Value {
        json!({"type":"server_tool_use","id":id,"name":"web_search","input":{"query":"euro"}})
    }

    fn result(id: &str) -> Value {
        web::search_result(id, web::search(&json!({}), "euro"))
    }

    pub(crate) fn cases() -> Vec<Case> {
        definitions().into_iter().chain(conversations()).collect()
    }

    fn definitions() -> Vec<Case> {
        vec![
            accepted(
                "fields",
                search(json!({"max_uses":3,"allowed_callers":["direct"],"blocked_domains":["a.example/b"]})),
            ),
            refused("no uses", search(json!({"max_uses":0})), "tools.0.max_uses"),
            refused("uses text", search(json!({"max_uses":"3"})), "tools.0.max_uses"),
            refused(
                "scheme",
                search(json!({"blocked_domains":["https://a.example"]})),
                "tools.0.blocked_domains.0",
            ),
            refused(
                "no host",
                search(json!({"blocked_domains":["a.example","local"]})),
                "tools.0.blocked_domains.1",
            ),
            refused("one domain", search(json!({"blocked_domains":"a.example"})), "valid list"),
            refused("caller", search(json!({"allowed_callers":["me"]})), "tools.0.allowed_callers"),
            refused("inclusion", search(json!({"response_inclusion":"some"})), "tools.0.response_inclusion"),
            refused(
                "search with citations",
                search(json!({"citations":{"enabled":true}})),
                "tools.0.citations",
            ),
            refused(
                "citations",
                with(
                    json!({"tools":[{"type":"web_fetch_20260318","name":"web_fetch","citations":{"enabled":1}}]}),
                ),
                "tools.0.citations.enabled",
            ),
        ]
    }

    fn conversations() -> Vec<Case> {
        let said = |text: &str| json!([{"role":"user","content":text}]);
        let own = json!({"type":"tool_use","id":"toolu_1","name":"clock","input":{}});
        let noon = json!({"type":"tool_result","tool_use_id":"toolu_1","content":"noon"});
        let (a, b) = ("srvtoolu_a", "srvtoolu_b");
        let mut forged = result(a);
        forged["content"][0]["encrypted_content"] = json!("c2VjcmV0");
        let mut other_kind = result(a);
        other_kind["type"] = json!("web_fetch_tool_result");
        let cited = |index: Value| {
            let mut citation = web::search_citation(&web::PAGES[0]);
            citation["encrypted_index"] = index;
            json!({"type":"text","text":"x","citations":[citation]})
        };
        let genuine = web::search_citation(&web::PAGES[0])["encrypted_index"].clone();
        let both = json!([noon.clone(), {"type":"text","text":"and hurry"}]);
        vec![
            accepted("pairs", talk(vec![call(a), result(a), call(b), result(b)], said("thanks"))),
            accepted("citation", talk(vec![call(a), result(a), cited(genuine)], said("thanks"))),
            accepted(
                "open beside a call of a client tool",
                talk(vec![call(a), own.clone()], json!([{"role":"user","content":[noon]}])),
            ),
            accepted(
                "result behind that of a client tool",
                talk(
                    vec![call(a), own.clone()],
                    json!([{"role":"user","content":[noon]}, {"role":"assistant","content":[result(a)]},
                           {"role":"user","content":"thanks"}]),
                ),
            ),
            refused(
                "open",
                talk(vec![call(a)], said("and?")),
                "messages.1.content.0: `web_search` tool use with id",
            ),
            refused(
                "open before other words",
                talk(vec![call(a), own], json!([{"role":"user","content":both}])),
                "without a corresponding result",
            ),
            refused("result of nothing", talk(vec![result(a)], said("x")), "unexpected `tool_use_id`"),
            refused(
                "result twice",
                talk(vec![call(a), result(a), result(a)], said("x")),
                "messages.1.content.2",
            ),
            refused("another kind", talk(vec![call(a), other_kind], said("x")), "web_fetch_tool_result"),
            refused("id", talk(vec![call("toolu_1")], said("x")), "server_tool_use.id"),
            refused("forged content", talk(vec![call(a), forged], said("x")), "Invalid `encrypted_content`"),
            refused(
                "forged index",
                talk(vec![call(a), result(a), cited(json!("x"))], said("x")),
                "encrypted_index",
            ),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
