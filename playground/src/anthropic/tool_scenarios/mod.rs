//! The scenarios in which the scripted model uses tools: its first steps, and what follows the results.

mod calls;
mod drawing;
mod files;
mod python;
mod web;

use serde_json::{Value, json};

use calls::{call, client_tools, code_block, declares, no_tool, tool_calls};

use super::conversation::{messages, newest_question, newest_user_text, role, text_of};
use super::reply::{Step, StopReason};
use super::scenario::{DefaultScenario, Directive, Scenario, choose};

pub(super) use web::resumed;

/// Returns the first steps of a scenario that uses a tool; `None` for the others.
pub(super) fn begin(directive: &Directive, body: &Value) -> Option<Vec<Step>> {
    let argument = directive.argument.as_str();
    Some(match directive.scenario {
        Scenario::ToolUse => tool_calls(argument, body),
        Scenario::BrokenToolUse => broken_call(body),
        Scenario::Check => check(body),
        Scenario::Transcribe => files::transcription(body),
        Scenario::ListFiles
        | Scenario::Look
        | Scenario::ReadPdf
        | Scenario::Preview
        | Scenario::SendBack
        | Scenario::Redraw => call("list_files", json!({}), body),
        Scenario::Formula => drawing::formula(argument, body),
        Scenario::Draw => drawing::draw(directive, body),
        Scenario::Python => python::call(&newest_user_text(body), declares(body, "execute_python")),
        Scenario::PauseTurn => web::paused(body),
        Scenario::Search => web::search(argument, body),
        Scenario::Fetch => web::fetch(argument, body),
        _ => return None,
    })
}

/// Returns what follows the newest results of tools: the next step of the scenario, else the results.
pub(super) fn go_on(body: &Value, fallback: DefaultScenario, results: &[(String, String)]) -> Vec<Step> {
    let question = newest_question(body);
    let asked = choose(&question, fallback);
    let next =
        drawing::after(&asked, body, results).or_else(|| files::after_the_list(&asked, &question, results));
    let next = next.map(|step| vec![step]);
    let python = || (asked.scenario == Scenario::Python).then(|| python::after(results)).flatten();
    next.or_else(python).unwrap_or_else(|| {
        let told: Vec<String> = results.iter().map(|(name, text)| told(name, text)).collect();
        vec![Step::Text(told.join("\n\n"))]
    })
}

/// Formats a tool's result for the answer: its field `answer` or `text` if it is not blank, in a block of code if it
/// has tabs; otherwise the whole result, a JSON object in a block of code.
fn told(name: &str, text: &str) -> String {
    let result: Value = serde_json::from_str(text).unwrap_or_default();
    let words = ["answer", "text"].into_iter().find_map(|field| result[field].as_str());
    match words.filter(|words| !words.trim().is_empty()) {
        Some(words) if words.contains('\t') => format!("The tool {name} says:\n\n{}", code_block("", words)),
        Some(words) => format!("The tool {name} says:\n\n{words}"),
        None if result.is_object() => {
            format!("The tool {name} says:\n\n{}", code_block("json", &format!("{result:#}")))
        }
        None => format!("The tool {name} says: {text}"),
    }
}

/// Returns the call that lets the newest answer be checked, or a sentence if there is none.
fn check(body: &Value) -> Vec<Step> {
    let all = messages(body);
    let newest = all.iter().rposition(|message| role(message) == "assistant" && !text_of(message).is_empty());
    let Some((asked, answer)) = newest.and_then(|at| {
        let asked = all[..at].iter().rfind(|message| role(message) == "user" && !text_of(message).is_empty());
        Some((text_of(asked?), text_of(&all[at])))
    }) else {
        return vec![Step::Text("There is no answer to check yet.".to_owned())];
    };
    call("self_critique", json!({"user_request": asked, "content": answer}), body)
}

fn broken_call(body: &Value) -> Vec<Step> {
    let name = client_tools(body).first().and_then(|tool| tool["name"].as_str()).map(str::to_owned);
    let Some(name) = name else {
        return no_tool();
    };
    let partial = "{\"text\": \"the beginning of a very long".to_owned();
    vec![Step::BrokenToolUse { name, partial }, Step::Stop(StopReason::MaxTokens)]
}
