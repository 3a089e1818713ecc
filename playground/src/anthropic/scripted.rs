//! Turns a scenario into steps for one request. Stateless: earlier output is read from the conversation, so
//! that "continue" resumes where an answer stopped, even after a restart.

use std::time::Duration;

use serde_json::Value;

use super::conversation::{
    Block, blocks, messages, newest_tool_results, newest_user_message, newest_user_text, role, text_of,
};
use super::error::ApiError;
use super::files::{self, Known};
use super::reply::{Plan, Step, StopReason};
use super::scenario::{DefaultScenario, Directive, Scenario, choose};
use super::{texts, tool_scenarios};

const SLOW: Duration = Duration::from_millis(300);
const SLOW_WORDS: usize = 30;
const THOUGHT: &str = "The question deserves some care. First I consider what is asked, then what is known, \
                       and then I look for the shortest honest answer.";

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
        return Plan::Steps(tool_scenarios::resumed(scene.body));
    }
    let results = newest_tool_results(scene.body);
    if !results.is_empty() {
        return Plan::Steps(tool_scenarios::go_on(scene.body, scene.fallback, &results));
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
    if let Some(steps) = tool_scenarios::begin(directive, scene.body) {
        return Plan::Steps(steps);
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
        Scenario::UnknownEvents => {
            vec![Step::Unknown, first, Step::Unknown, Step::Ping, Step::Text(rest.to_owned()), Step::Unknown]
        }
        Scenario::Empty => vec![Step::Stop(StopReason::EndTurn)],
        Scenario::Remember => vec![Step::Text(digest(scene.body))],
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
    let words = text.trim_matches(|c: char| !c.is_alphanumeric());
    ["go on", "mach weiter", "weiter", "sigue"].contains(&words)
        || ["continue", "go on exactly", "left off", "where you stopped", "продолж"]
            .iter()
            .any(|words| text.contains(words))
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
