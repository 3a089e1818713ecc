//! Turns a scenario into steps for one request. Stateless: earlier output is read from the conversation, so
//! that "continue" resumes where an answer stopped, even after a restart.

use std::time::Duration;

use serde_json::{Value, json};

use super::conversation::{
    Block, blocks, messages, newest_question, newest_tool_results, newest_user_message, newest_user_text,
    role, text_of,
};
use super::error::ApiError;
use super::files::{self, Known};
use super::python;
use super::reply::{Plan, Step, StopReason};
use super::scenario::{DefaultScenario, Directive, Scenario, choose};
use super::{scripted_web, texts, viewing};

const SLOW: Duration = Duration::from_millis(300);
const SLOW_WORDS: usize = 30;
const THOUGHT: &str = "The question deserves some care. First I consider what is asked, then what is known, \
                       and then I look for the shortest honest answer.";
const FORMULA: &str = r"x_{1,2} = \frac{-b \pm \sqrt{b^2-4ac}}{2a}, \quad \text{если } b^2 \ge 4ac";

/// The parts of a request that the script depends on.
pub(super) struct ScriptInput<'a> {
    pub(super) body: &'a Value,
    pub(super) fallback: DefaultScenario,
    /// The files named by the request.
    pub(super) known: &'a Known,
    /// Tokens of the prompt and the model's maximum.
    pub(super) prompt_tokens: u64,
    pub(super) window: u64,
    /// How often exactly this prompt came before.
    pub(super) earlier_attempts: u32,
    /// Whether the request sends back a paused turn.
    pub(super) resumes_pause: bool,
}

/// Returns the answer to the newest user text. Tool results come first, then "continue", then directives.
pub(super) fn improvise(scene: &ScriptInput<'_>) -> Plan {
    if let Some(name) = topic_name(&newest_user_text(scene.body)) {
        return Plan::Steps(vec![Step::Text(name)]);
    }
    if scene.resumes_pause {
        return Plan::Steps(scripted_web::resumed(scene.body));
    }
    let results = newest_tool_results(scene.body);
    if let Some(call) = redraw(scene, &results) {
        return Plan::Steps(vec![call]);
    }
    if !results.is_empty() {
        if let Some(step) = after_drawing(&results, scene) {
            return Plan::Steps(vec![step]);
        }
        let question = newest_question(scene.body);
        let asked = choose(&question, scene.fallback);
        if let Some(call) = viewing::after_the_list(&asked, &question, &results) {
            return Plan::Steps(vec![call]);
        }
        if let Some(steps) = (asked.scenario == Scenario::Python).then(|| python::after(&results)).flatten() {
            return Plan::Steps(steps);
        }
        let told: Vec<String> =
            results.iter().map(|(name, text)| format!("The tool {name} says: {text}")).collect();
        return Plan::Steps(vec![Step::Text(told.join("\n\n"))]);
    }
    if let Some(rest) = rest_of_interrupted(scene) {
        return Plan::Steps(vec![Step::Text(rest)]);
    }
    let directive = choose(&newest_user_text(scene.body), scene.fallback);
    perform(&directive, scene)
}

/// Returns a name for a conversation, if the bot asks for one: the first words of the person.
fn topic_name(text: &str) -> Option<String> {
    let said = text.strip_prefix("<person>")?.split("</person>").next()?;
    let words: Vec<&str> = said.split_whitespace().take(5).collect();
    Some(format!("💬 {}", words.join(" ")))
}

/// Returns the answer of a scenario.
pub(super) fn perform(directive: &Directive, scene: &ScriptInput<'_>) -> Plan {
    if let Some(fault) = fault(directive, scene) {
        return fault;
    }
    let text = speech(directive, newest_user_message(scene.body), scene.known);
    let (first, rest) = halves(&text);
    let first = Step::Text(first.to_owned());
    Plan::Steps(match directive.scenario {
        Scenario::Slow => vec![Step::Slow(SLOW), Step::Text(text)],
        Scenario::Thinking => vec![Step::Thinking(THOUGHT.to_owned()), Step::Text(text)],
        Scenario::Refusal if directive.argument.is_empty() => vec![Step::Stop(StopReason::Refusal)],
        Scenario::Refusal => vec![first, Step::Stop(StopReason::Refusal)],
        Scenario::Cut => vec![first, Step::Cut],
        Scenario::Stall => vec![first, Step::Hang],
        Scenario::ErrorMidway => vec![first, overloaded()],
        Scenario::MaxTokens => vec![first, Step::Stop(StopReason::MaxTokens)],
        Scenario::ContextExceeded => vec![first, Step::Stop(StopReason::ContextExceeded)],
        Scenario::PauseTurn => scripted_web::paused(scene.body),
        Scenario::Search => scripted_web::search(&directive.argument, scene.body),
        Scenario::Fetch => scripted_web::fetch(&directive.argument, scene.body),
        Scenario::ToolUse => tool_calls(&directive.argument, scene.body),
        Scenario::Formula => formula(&directive.argument, scene.body),
        Scenario::Python => {
            let is_declared = client_tools(scene.body).iter().any(|tool| tool["name"] == "execute_python");
            python::call(&newest_user_text(scene.body), is_declared)
        }
        Scenario::BrokenToolUse => broken_call(scene.body),
        Scenario::UnknownEvents => {
            vec![Step::Unknown, first, Step::Unknown, Step::Ping, Step::Text(rest.to_owned()), Step::Unknown]
        }
        Scenario::Empty => vec![Step::Stop(StopReason::EndTurn)],
        Scenario::Transcribe => transcription(scene.body),
        Scenario::Look | Scenario::ReadPdf => tool_calls("list_files {}", scene.body),
        Scenario::Remember => vec![Step::Text(digest(scene.body))],
        Scenario::Draw => draw(directive, scene.body),
        Scenario::Redraw => call("list_files", json!({}), scene.body),
        _ => vec![Step::Text(text)],
    })
}

/// Returns the full text of the scenario, as without its fault.
fn speech(directive: &Directive, asked: &Value, known: &Known) -> String {
    match directive.scenario {
        Scenario::Long => texts::long(),
        Scenario::Code => texts::CODE.to_owned(),
        Scenario::Markdown => texts::TOUR.to_owned(),
        Scenario::Verdict => texts::VERDICT.to_owned(),
        Scenario::Thinking => "I thought about it, and the answer is: it depends, but mostly yes.".to_owned(),
        Scenario::Slow => {
            let words = directive.number().map_or(SLOW_WORDS, |words| words as usize);
            texts::STORY.split_inclusive(' ').cycle().take(words).collect::<String>().trim_end().to_owned()
        }
        Scenario::Story
        | Scenario::Refusal
        | Scenario::Cut
        | Scenario::Stall
        | Scenario::ErrorMidway
        | Scenario::MaxTokens
        | Scenario::ContextExceeded => texts::STORY.to_owned(),
        _ => echo(asked, known),
    }
}

/// Returns a description of the files followed by the user's text. One of them may be missing, not both.
fn echo(asked: &Value, known: &Known) -> String {
    let (files, text) = (files::tell(asked, known), text_of(asked));
    match (files.is_empty(), text.is_empty()) {
        (true, _) => format!("You said: {text}"),
        (false, true) => files,
        (false, false) => format!("{files}\n\nYou said: {text}"),
    }
}

/// Returns answers other than a stream. Temporary faults count the attempts with the same prompt.
fn fault(directive: &Directive, scene: &ScriptInput<'_>) -> Option<Plan> {
    let lasts =
        scene.fallback == DefaultScenario::Always(directive.scenario) && directive.argument.is_empty();
    let failing = |times: u32| lasts || scene.earlier_attempts < directive.number().unwrap_or(times);
    let error = match directive.scenario {
        Scenario::RateLimited if failing(1) => {
            let mut error =
                ApiError::new(429, "rate_limit_error", "Number of requests has exceeded your rate limit");
            error.retry_after = Some(1);
            error
        }
        Scenario::SpendLimit => {
            let mut error = ApiError::new(429, "rate_limit_error", "You have reached your spend limit");
            error.code = Some("enforced_spend_limit_reached");
            error
        }
        Scenario::Overloaded if failing(2) => ApiError::new(529, "overloaded_error", "Overloaded"),
        Scenario::ServerError if failing(1) => ApiError::new(500, "api_error", "Internal server error"),
        Scenario::PromptTooLong => {
            let (most, tokens) = (scene.window, scene.window + scene.prompt_tokens);
            ApiError::invalid(format!("prompt is too long: {tokens} tokens > {most} maximum"))
        }
        Scenario::ErrorFirst if failing(1) => return Some(Plan::Steps(vec![overloaded()])),
        _ => return None,
    };
    Some(Plan::Fail(error))
}

fn overloaded() -> Step {
    Step::Error { kind: "overloaded_error".to_owned(), message: "Overloaded".to_owned() }
}

/// Cuts a text at the first word boundary after 40 percent.
fn halves(text: &str) -> (&str, &str) {
    let least = text.len() * 2 / 5;
    let border = text.char_indices().find(|(at, char)| *at >= least && char.is_whitespace());
    text.split_at(border.map_or(text.len(), |(at, _)| at))
}

/// Returns the rest of the last scenario's text if the user asks to continue.
fn rest_of_interrupted(scene: &ScriptInput<'_>) -> Option<String> {
    let all = messages(scene.body);
    if !asks_to_continue(&newest_user_text(scene.body)) {
        return None;
    }
    let question = all.iter().rposition(|message| {
        let text = text_of(message);
        role(message) == "user" && !text.is_empty() && !asks_to_continue(&text)
    })?;
    let said: String = all[question..]
        .iter()
        .filter(|message| role(message) == "assistant")
        .flat_map(|message| blocks(&message["content"]))
        .filter_map(Block::text)
        .collect();
    let asked = &all[question];
    let whole = speech(&choose(&text_of(asked), scene.fallback), asked, scene.known);
    let same = whole.chars().zip(said.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let rest = &whole[same..];
    (same > 0 && !rest.is_empty()).then(|| rest.to_owned())
}

fn asks_to_continue(text: &str) -> bool {
    let text = text.to_lowercase();
    ["continue", "left off", "where you stopped", "продолж"].iter().any(|words| text.contains(words))
}

fn client_tools(body: &Value) -> Vec<&Value> {
    let tools = body["tools"].as_array().into_iter().flatten();
    tools.filter(|tool| tool.get("input_schema").is_some()).collect()
}

/// Returns the tool calls: of every client tool for `all`, of the named one with the given JSON, else of the
/// first.
fn tool_calls(argument: &str, body: &Value) -> Vec<Step> {
    let tools = client_tools(body);
    let (name, input) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
    let given = serde_json::from_str::<Value>(input).ok().filter(Value::is_object);
    let chosen: Vec<&Value> = match name {
        "all" => tools,
        "" => tools.into_iter().take(1).collect(),
        name => tools.into_iter().filter(|tool| tool["name"] == name).collect(),
    };
    if chosen.is_empty() {
        return vec![Step::Text("This request declares no such tool.".to_owned())];
    }
    let calls = chosen.into_iter().map(|tool| Step::ToolUse {
        name: tool["name"].as_str().unwrap_or_default().to_owned(),
        input: given.clone().unwrap_or_else(|| example(&tool["input_schema"])),
    });
    [Step::Text("I will use a tool for that.".to_owned())].into_iter().chain(calls).collect()
}

/// Returns the call of `transcribe_audio` for the newest file whose line in the prompt names that tool.
fn transcription(body: &Value) -> Vec<Step> {
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

/// Returns whether a request declares a tool.
fn declares(body: &Value, name: &str) -> bool {
    body["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == name))
}

/// Returns the call that draws a formula, by default one with a word in Cyrillic letters.
fn formula(argument: &str, body: &Value) -> Vec<Step> {
    if !declares(body, "render_latex") {
        return vec![Step::Text("This request declares no such tool.".to_owned())];
    }
    let latex = if argument.is_empty() { FORMULA } else { argument };
    vec![
        Step::Text("I will draw it.".to_owned()),
        Step::ToolUse { name: "render_latex".to_owned(), input: json!({"latex": latex}) },
    ]
}

/// Returns what follows the result of the formula scenario's tools: the picture is sent, then announced.
/// Returns `None` for other scenarios, and if there is no picture.
fn after_drawing(results: &[(String, String)], scene: &ScriptInput<'_>) -> Option<Step> {
    let asked = choose(&newest_question(scene.body), scene.fallback);
    let (name, text) = results.first().filter(|_| asked.scenario == Scenario::Formula)?;
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

/// Returns a call of a tool, if the request declares it.
fn call(name: &str, input: Value, body: &Value) -> Vec<Step> {
    if declares(body, name) {
        let call = Step::ToolUse { name: name.to_owned(), input };
        vec![Step::Text("I will use a tool for that.".to_owned()), call]
    } else {
        vec![Step::Text("This request declares no such tool.".to_owned())]
    }
}

/// Returns the prompt for a picture: what follows the name of the scenario, or the last line of the question.
fn picture_prompt(directive: &Directive, body: &Value) -> String {
    let asked = || newest_question(body).lines().next_back().unwrap_or_default().to_owned();
    if directive.argument.is_empty() { asked() } else { directive.argument.clone() }
}

fn draw(directive: &Directive, body: &Value) -> Vec<Step> {
    call("generate_image", json!({"prompt": picture_prompt(directive, body)}), body)
}

/// Returns the second step of [`Scenario::Redraw`], after the files were listed.
fn redraw(scene: &ScriptInput<'_>, results: &[(String, String)]) -> Option<Step> {
    let (_, listed) = results.iter().find(|(name, _)| name == "list_files")?;
    let directive = choose(&newest_question(scene.body), scene.fallback);
    if directive.scenario != Scenario::Redraw {
        return None;
    }
    let listed: Value = serde_json::from_str(listed).ok()?;
    let files = ["files", "made_files"].into_iter().filter_map(|list| listed[list].as_array()).flatten();
    let is_picture = |file: &&Value| {
        file["kind"] == "photo" || file["mime"].as_str().is_some_and(|mime| mime.starts_with("image/"))
    };
    let source = files.into_iter().find(is_picture)?["file_id"].clone();
    let input = json!({"prompt": picture_prompt(&directive, scene.body), "source_file_ids": [source]});
    Some(Step::ToolUse { name: "generate_image".to_owned(), input })
}

fn broken_call(body: &Value) -> Vec<Step> {
    let name = client_tools(body).first().and_then(|tool| tool["name"].as_str()).map(str::to_owned);
    let Some(name) = name else {
        return vec![Step::Text("This request declares no such tool.".to_owned())];
    };
    let partial = "{\"text\": \"the beginning of a very long".to_owned();
    vec![Step::BrokenToolUse { name, partial }, Step::Stop(StopReason::MaxTokens)]
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

/// Returns one line per message: role and first twenty characters.
fn digest(body: &Value) -> String {
    let all = messages(body);
    let lines: Vec<String> = all
        .iter()
        .map(|message| {
            let text: String = text_of(message).chars().take(20).collect();
            format!("{}: {}", role(message), text.replace('\n', " "))
        })
        .collect();
    format!("I remember {} messages:\n{}", all.len(), lines.join("\n"))
}

#[cfg(test)]
#[path = "scripted_tests.rs"]
mod tests;
