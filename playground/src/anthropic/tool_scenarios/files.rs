//! The scenarios in which the scripted model works with a file that it does not see: it lists the files, then
//! calls the tool that takes the newest one of the kind.

use serde_json::{Value, json};

use super::calls::tool_calls;
use crate::anthropic::conversation::{messages, role, text_of};
use crate::anthropic::reply::Step;
use crate::anthropic::scenario::{Directive, Scenario};

const QUESTION: &str = "What does it show?";

/// Returns the call of `transcribe_audio` for the newest file whose line in the prompt names that tool.
pub(super) fn transcription(body: &Value) -> Vec<Step> {
    const TOOL: &str = "transcribe_audio";
    let texts: Vec<String> =
        messages(body).iter().filter(|message| role(message) == "user").map(text_of).collect();
    let offered = texts.iter().flat_map(|text| text.lines()).filter(|line| line.contains(TOOL));
    let mut ids = offered.filter_map(|line| line.rfind("file_").map(|at| &line[at..]));
    let newest = ids.next_back().and_then(|id| id.split(|c: char| !c.is_alphanumeric() && c != '_').next());
    match newest {
        Some(id) => tool_calls(&format!("{TOOL} {}", json!({ "file_id": id })), body),
        None => vec![Step::Text("I see no recording that I could transcribe.".to_owned())],
    }
}

/// Returns the call that follows the result of `list_files`; `None` if another scenario is played or nothing
/// was listed just now.
pub(super) fn after_the_list(
    directive: &Directive,
    asked: &str,
    results: &[(String, String)],
) -> Option<Step> {
    let tool = match directive.scenario {
        Scenario::Look => "analyze_image",
        Scenario::ReadPdf => "analyze_pdf",
        Scenario::Preview => "preview_file",
        Scenario::SendBack => "deliver_file",
        _ => return None,
    };
    let (_, listed) = results.iter().find(|(name, _)| name == "list_files")?;
    let Some(file) = newest(listed, tool) else {
        return Some(Step::Text("I see no such file in this conversation.".to_owned()));
    };
    let mut input = json!({"file_id": file});
    if matches!(directive.scenario, Scenario::Look | Scenario::ReadPdf) {
        input["question"] = json!(QUESTION);
    }
    if let Some(page) = number(asked).filter(|_| directive.scenario == Scenario::ReadPdf) {
        input["pages"] = json!(page);
    }
    Some(Step::ToolUse { name: tool.to_owned(), input })
}

/// Returns the id of the newest file that the tool takes; files are listed newest first.
fn newest(listed: &str, tool: &str) -> Option<String> {
    let listed: Value = serde_json::from_str(listed).ok()?;
    let files = ["files", "made_files"].iter().flat_map(|kind| listed[kind].as_array().into_iter().flatten());
    let takes = |file: &&Value| file["tools"].as_array().is_some_and(|tools| tools.contains(&json!(tool)));
    let file = files.filter(takes).min_by_key(|file| file["age_minutes"].as_i64())?;
    file["file_id"].as_str().map(str::to_owned)
}

/// Returns the first number in a text.
fn number(text: &str) -> Option<String> {
    let number = text.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?;
    Some(number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(scenario: Scenario, asked: &str, tool: &str) -> Option<Step> {
        let listed = json!({
            "files": [
                {"file_id": "file_new", "age_minutes": 1, "tools": ["deliver_file", "analyze_pdf"]},
                {"file_id": "file_old", "age_minutes": 9, "tools": ["analyze_image", "analyze_pdf"]},
            ],
            "made_files": [{"file_id": "file_made", "age_minutes": 3, "tools": ["analyze_image"]}],
        });
        after_the_list(&Directive::plain(scenario), asked, &[(tool.to_owned(), listed.to_string())])
    }

    #[test]
    fn the_newest_file_of_the_kind_is_asked_about() {
        let input = |step: Option<Step>| match step {
            Some(Step::ToolUse { input, .. }) => input,
            _ => Value::Null,
        };
        let look = input(after(Scenario::Look, "look at the picture 3 times", "list_files"));
        assert_eq!(look, json!({"file_id": "file_made", "question": QUESTION}));
        let read = input(after(Scenario::ReadPdf, "read page 12 of the pdf", "list_files"));
        assert_eq!(read, json!({"file_id": "file_new", "question": QUESTION, "pages": "12"}));
        let send = input(after(Scenario::SendBack, "send the file", "list_files"));
        assert_eq!(send, json!({"file_id": "file_new"}));
        assert!(after(Scenario::Echo, "hello", "list_files").is_none());
        assert!(after(Scenario::Look, "look at the picture", "analyze_image").is_none());
    }
}
