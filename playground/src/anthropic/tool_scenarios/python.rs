//! The scenario that runs Python: the code of the message, or a chart; then the files that it has made are
//! sent.

use serde_json::{Value, json};

use super::calls::{code_block, no_tool};
use crate::anthropic::reply::Step;
use crate::anthropic::texts;

/// The line that begins the code in a message.
const LINE: &str = "!python";

/// Returns the call that runs the code below the line `!python` of a message, or the example.
pub(super) fn call(message: &str, is_declared: bool) -> Vec<Step> {
    if !is_declared {
        return no_tool();
    }
    let code = message.split_once(LINE).map(|(_, code)| code.trim()).filter(|code| !code.is_empty());
    vec![
        Step::Text("I will run Python for that.".to_owned()),
        Step::ToolUse {
            name: "execute_python".to_owned(),
            input: json!({"code": code.unwrap_or(texts::CHART)}),
        },
    ]
}

/// Returns what follows the results of the scenario's tools: files are sent, then everything is told.
pub(super) fn after(results: &[(String, String)]) -> Option<Vec<Step>> {
    let (name, text) = results.first()?;
    let result: Value = serde_json::from_str(text).ok()?;
    let said = |field: &str| result[field].as_str().map(str::trim).filter(|text| !text.is_empty());
    match name.as_str() {
        "execute_python" => {
            let files = result["files"].as_array().into_iter().flatten();
            let ids: Vec<&Value> = files.map(|file| &file["file_id"]).collect();
            let exception = result["exception"]["traceback"].as_str();
            let told: Vec<String> =
                [said("stdout"), said("stderr"), said("value"), exception, said("message"), said("error")]
                    .into_iter()
                    .flatten()
                    .map(|text| code_block("", text))
                    .collect();
            let words = if told.is_empty() {
                "Python has printed nothing.".to_owned()
            } else {
                format!("Python says:\n\n{}", told.join("\n\n"))
            };
            let mut steps = vec![Step::Text(words)];
            if !ids.is_empty() {
                steps
                    .push(Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_ids": ids}) });
            }
            Some(steps)
        }
        "deliver_file" if result["status"].is_string() => {
            Some(vec![Step::Text("Below are the files.".to_owned())])
        }
        _ => None,
    }
}
