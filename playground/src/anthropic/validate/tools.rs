//! Checks of the declared tools and of `tool_choice`.

use serde_json::Value;

use super::request::{Check, Request, each_block, fail, only_known};
use super::server_tools;

/// Tools defined by the API: type, name, and fields in addition to the common ones.
const OWN: &[(&str, &str, &[&str])] = &[
    ("web_search_20250305", "web_search", SEARCH),
    ("web_search_20260209", "web_search", SEARCH),
    ("web_search_20260318", "web_search", SEARCH),
    ("web_fetch_20250910", "web_fetch", FETCH),
    ("web_fetch_20260209", "web_fetch", FETCH),
    ("web_fetch_20260309", "web_fetch", FETCH),
    ("web_fetch_20260318", "web_fetch", FETCH),
    ("code_execution_20250522", "code_execution", &[]),
    ("code_execution_20250825", "code_execution", &[]),
    ("code_execution_20260120", "code_execution", &[]),
    ("code_execution_20260521", "code_execution", &[]),
    ("memory_20250818", "memory", &[]),
    ("bash_20250124", "bash", &[]),
    ("text_editor_20250728", "str_replace_based_edit_tool", &["max_characters"]),
    ("tool_search_tool_bm25_20251119", "tool_search_tool_bm25", &[]),
    ("tool_search_tool_regex_20251119", "tool_search_tool_regex", &[]),
];
const SEARCH: &[&str] =
    &["max_uses", "allowed_domains", "blocked_domains", "user_location", "response_inclusion"];
const FETCH: &[&str] = &[
    "max_uses",
    "allowed_domains",
    "blocked_domains",
    "max_content_tokens",
    "citations",
    "use_cache",
    "response_inclusion",
    "url_sources",
];
const COMMON: &[&str] =
    &["type", "name", "cache_control", "allowed_callers", "defer_loading", "strict", "input_examples"];
const CUSTOM: &[&str] = &["description", "input_schema", "eager_input_streaming"];

pub(super) fn check(request: &Request<'_>) -> Check {
    let tools = match request.body.get("tools") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(tools)) => tools.as_slice(),
        Some(_) => return fail("tools", "Input should be a valid array"),
    };
    for (at, tool) in tools.iter().enumerate() {
        one(&format!("tools.{at}"), tool)?;
        if tools[..at].iter().any(|other| other["name"] == tool["name"]) {
            return fail("tools", "Tool names must be unique.");
        }
    }
    if tools.is_empty() {
        let stray = each_block(request.body)
            .any(|(_, _, block)| block["type"] == "tool_use" || block["type"] == "tool_result");
        if stray {
            return fail(
                "tools",
                "Requests which include `tool_use` or `tool_result` blocks must define tools",
            );
        }
    }
    choice(request, tools)
}

fn one(path: &str, tool: &Value) -> Check {
    match tool["type"].as_str() {
        None | Some("custom") => custom(path, tool),
        Some(kind) => {
            let Some((_, name, fields)) = OWN.iter().find(|(own, ..)| *own == kind) else {
                return fail(path, format!("Input tag '{kind}' does not match any of the expected tags"));
            };
            if tool["name"] != *name {
                return fail(format!("{path}.name"), format!("Input should be '{name}'"));
            }
            let listed = |field: &str| tool[field].as_array().is_some_and(|domains| !domains.is_empty());
            if listed("allowed_domains") && listed("blocked_domains") {
                return fail(path, "only one of allowed_domains and blocked_domains can be given");
            }
            only_known(path, tool, &[COMMON, fields].concat())?;
            server_tools::definition(path, tool)
        }
    }
}

fn custom(path: &str, tool: &Value) -> Check {
    let path = format!("{path}.custom");
    let Some(name) = tool["name"].as_str() else { return fail(format!("{path}.name"), "Field required") };
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > 128 || !name.bytes().all(alphabet) {
        return fail(format!("{path}.name"), "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
    }
    let Some(schema) = tool.get("input_schema") else {
        return fail(format!("{path}.input_schema"), "Field required");
    };
    if schema["type"] != "object" {
        return fail(format!("{path}.input_schema.type"), "Input should be 'object'");
    }
    only_known(&path, tool, &[COMMON, CUSTOM].concat())
}

fn choice(request: &Request<'_>, tools: &[Value]) -> Check {
    let Some(choice) = request.body.get("tool_choice").filter(|choice| !choice.is_null()) else {
        return Ok(());
    };
    let kind = choice["type"].as_str().unwrap_or_default();
    if !matches!(kind, "auto" | "any" | "tool" | "none") {
        return fail("tool_choice.type", "Input should be 'auto', 'any', 'tool' or 'none'");
    }
    if tools.is_empty() {
        return fail("tool_choice", "may only be specified while providing tools");
    }
    if matches!(kind, "any" | "tool") && !request.model.forced_tools {
        return fail("tool_choice", "type \"tool\" and \"any\" are not supported for this model.");
    }
    if kind == "tool" && !tools.iter().any(|tool| tool["name"] == choice["name"]) {
        return fail("tool_choice.name", format!("Tool {} not found in provided tools", choice["name"]));
    }
    only_known("tool_choice", choice, &["type", "name", "disable_parallel_tool_use"])
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "table rows are literals")]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, with};

    fn tools(tools: Value) -> Value {
        with(json!({"tools":tools}))
    }

    fn named(name: &str) -> Value {
        json!({"name":name,"input_schema":{"type":"object"}})
    }

    fn chosen(model: &str, choice: Value) -> Value {
        with(json!({"model":model,"tools":[named("clock")],"tool_choice":choice}))
    }

    pub(crate) fn cases() -> Vec<Case> {
        let stray = json!([{"role":"user","content":"a"},
            {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"clock","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}]);
        let search = json!({"type":"web_search_20260318","name":"web_search","max_uses":3});
        vec![
            accepted("own and custom", tools(json!([search, named("clock")]))),
            accepted("auto", chosen("claude-opus-5-5", json!({"type":"auto"}))),
            accepted("forced", chosen("claude-opus-5", json!({"type":"tool","name":"clock"}))),
            refused("tools object", tools(json!({})), "tools: Input"),
            refused("same name", tools(json!([named("a"), named("a")])), "Tool names must be unique"),
            refused("dotted name", tools(json!([named("a.b")])), "tools.0.custom.name: String"),
            refused("long name", tools(json!([named(&"a".repeat(129))])), "tools.0.custom.name: String"),
            refused("no name", tools(json!([{"input_schema":{}}])), "tools.0.custom.name: Field"),
            refused("no schema", tools(json!([{"name":"a"}])), "tools.0.custom.input_schema: Field"),
            refused(
                "schema type",
                tools(json!([{"name":"a","input_schema":{"type":"array"}}])),
                "input_schema.type: Input should be 'object'",
            ),
            refused(
                "unknown type",
                tools(json!([{"type":"web_9","name":"a"}])),
                "tools.0: Input tag 'web_9'",
            ),
            refused("own name", tools(json!([{"type":"memory_20250818","name":"m"}])), "tools.0.name"),
            refused(
                "own field",
                tools(json!([{"type":"memory_20250818","name":"memory","x":1}])),
                "tools.0.x",
            ),
            refused(
                "both domain lists",
                tools(json!([{"type":"web_search_20260318","name":"web_search",
                    "allowed_domains":["a.example"],"blocked_domains":["b.example"]}])),
                "only one of allowed_domains",
            ),
            refused("stray blocks", with(json!({"messages":stray})), "must define tools"),
            refused(
                "choice without tools",
                with(json!({"tool_choice":{"type":"auto"}})),
                "while providing tools",
            ),
            refused("choice type", chosen("claude-opus-5", json!({"type":"all"})), "tool_choice.type"),
            refused("any on 5.5", chosen("claude-opus-5-5", json!({"type":"any"})), "are not supported"),
            refused(
                "tool on 5.5",
                chosen("claude-sonnet-5-5", json!({"type":"tool","name":"clock"})),
                "are not supported for this model",
            ),
            refused("other tool", chosen("claude-opus-5", json!({"type":"tool","name":"x"})), "not found"),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
