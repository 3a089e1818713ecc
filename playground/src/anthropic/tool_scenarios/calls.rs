//! Calls of tools as the scripted model makes them, and the form in which it tells their results.

use serde_json::{Value, json};

use crate::anthropic::reply::Step;

/// Returns a text as a block of code.
pub(super) fn code_block(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```", text.trim_end())
}

/// Returns the answer to a wish for a tool that there is not.
pub(super) fn no_tool() -> Vec<Step> {
    vec![Step::Text("This request declares no such tool.".to_owned())]
}

/// Returns whether a request declares a tool.
pub(super) fn declares(body: &Value, name: &str) -> bool {
    body["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == name))
}

/// Returns a call of a tool, if the request declares it.
pub(super) fn call(name: &str, input: Value, body: &Value) -> Vec<Step> {
    if declares(body, name) {
        let call = Step::ToolUse { name: name.to_owned(), input };
        vec![Step::Text("I will use a tool for that.".to_owned()), call]
    } else {
        no_tool()
    }
}

/// Returns the tools of a request that the client runs.
pub(super) fn client_tools(body: &Value) -> Vec<&Value> {
    let tools = body["tools"].as_array().into_iter().flatten();
    tools.filter(|tool| tool.get("input_schema").is_some()).collect()
}

/// Returns the tool calls: of every client tool for `all`, of the named one with the given JSON, else of the
/// first.
pub(super) fn tool_calls(argument: &str, body: &Value) -> Vec<Step> {
    let tools = client_tools(body);
    let (name, input) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
    let given = serde_json::from_str::<Value>(input).ok().filter(Value::is_object);
    let chosen: Vec<&Value> = match name {
        "all" => tools,
        "" => tools.into_iter().take(1).collect(),
        name => tools.into_iter().filter(|tool| tool["name"] == name).collect(),
    };
    if chosen.is_empty() {
        return no_tool();
    }
    let calls = chosen.into_iter().map(|tool| Step::ToolUse {
        name: tool["name"].as_str().unwrap_or_default().to_owned(),
        input: given.clone().unwrap_or_else(|| example(&tool["input_schema"])),
    });
    [Step::Text("I will use a tool for that.".to_owned())].into_iter().chain(calls).collect()
}

/// Returns a value that matches a schema, with required properties only.
fn example(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(true),
        Some("array") => json!([example(&schema["items"])]),
        Some("object") => {
            let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            names.map(|name| (name.to_owned(), example(&schema["properties"][name]))).collect()
        }
        _ => json!("example"),
    }
}
