//! The scenarios that draw: a formula, which is sent; a picture; a picture that is changed.

use serde_json::{Value, json};

use super::calls::{call, declares, no_tool};
use crate::anthropic::conversation::newest_question;
use crate::anthropic::reply::Step;
use crate::anthropic::scenario::{Directive, Scenario};

const FORMULA: &str = r"x_{1,2} = \frac{-b \pm \sqrt{b^2-4ac}}{2a}, \quad \text{если } b^2 \ge 4ac";

/// Returns the call that draws a formula, by default one with a word in Cyrillic letters.
pub(super) fn formula(argument: &str, body: &Value) -> Vec<Step> {
    if !declares(body, "render_latex") {
        return no_tool();
    }
    let latex = if argument.is_empty() { FORMULA } else { argument };
    vec![
        Step::Text("I will draw it.".to_owned()),
        Step::ToolUse { name: "render_latex".to_owned(), input: json!({"latex": latex}) },
    ]
}

/// Returns what follows the results of a scenario of this file; `None` if nothing does.
pub(super) fn after(asked: &Directive, body: &Value, results: &[(String, String)]) -> Option<Step> {
    match asked.scenario {
        Scenario::Formula => after_formula(results),
        Scenario::Redraw => redraw(asked, body, results),
        _ => None,
    }
}

/// Returns what follows the result of the formula scenario's tools: the picture is sent, then announced.
/// Returns `None` if there is no picture.
fn after_formula(results: &[(String, String)]) -> Option<Step> {
    let (name, text) = results.first()?;
    let result: Value = serde_json::from_str(text).ok()?;
    match name.as_str() {
        "render_latex" => {
            let input = json!({"file_id": result["file_id"].as_str()?});
            Some(Step::ToolUse { name: "deliver_file".to_owned(), input })
        }
        "deliver_file" if result["status"].is_string() => Some(Step::Text("Here is the formula.".to_owned())),
        _ => None,
    }
}

/// Returns the prompt for a picture: what follows the name of the scenario, or the last line of the question.
fn picture_prompt(directive: &Directive, body: &Value) -> String {
    let asked = || newest_question(body).lines().next_back().unwrap_or_default().to_owned();
    if directive.argument.is_empty() { asked() } else { directive.argument.clone() }
}

/// Returns the call that draws a picture.
pub(super) fn draw(directive: &Directive, body: &Value) -> Vec<Step> {
    call("generate_image", json!({"prompt": picture_prompt(directive, body)}), body)
}

/// Returns the second step of [`Scenario::Redraw`], after the files were listed.
fn redraw(asked: &Directive, body: &Value, results: &[(String, String)]) -> Option<Step> {
    let (_, listed) = results.iter().find(|(name, _)| name == "list_files")?;
    let listed: Value = serde_json::from_str(listed).ok()?;
    let files = ["files", "made_files"].into_iter().filter_map(|list| listed[list].as_array()).flatten();
    let is_picture = |file: &&Value| {
        file["kind"] == "photo" || file["mime"].as_str().is_some_and(|mime| mime.starts_with("image/"))
    };
    let source = files.into_iter().find(is_picture)?["file_id"].clone();
    let input = json!({"prompt": picture_prompt(asked, body), "source_file_ids": [source]});
    Some(Step::ToolUse { name: "generate_image".to_owned(), input })
}
