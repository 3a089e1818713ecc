//! `self_critique`: another, stronger model looks for faults in an answer before the person gets it. It runs
//! as a sub-agent (`subagent.rs`); this file has its arguments, its price and the form of its verdict.

use std::fmt::Write;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::subagent::{SubagentReport, SubagentTask, Unfinished};
use super::tool::{Failure, Output, Price, Tool, ToolContext};
use crate::domain::model::{Effort, ModelId};
use crate::domain::money::Usd;
use crate::domain::tool::ToolName;
use crate::services::metering::PaidWork;
use rust_decimal::dec;

/// The most a critique may cost, and the amount that must be left to spend: half a dollar, as with the
/// predecessor.
const CAP: Usd = Usd(dec!(0.5));
/// The model of the critic, if the table has it; otherwise the default model is used.
const CRITIC: &str = "claude-opus-5-5";
/// The largest work to check, in bytes of UTF-8: what half a dollar pays for in any case.
const MOST_BYTES: usize = 100_000;
/// The length at which a report without a verdict is cut, in code points.
const RAW_CHARS: usize = 2_000;

const SYSTEM: &str = include_str!("critic_prompt.md");
const LAST_WORDS: &str = "Give your verdict now, as the one JSON object, from what you have found so far.";

/// The tool `self_critique`.
pub(super) struct SelfCritique;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What the person asked for, in their words, with everything that matters for it.
    user_request: String,
    /// The whole work that is to be checked, unshortened.
    content: String,
    /// What to look at first; all of it if left out.
    #[serde(default)]
    focus_areas: Vec<Focus>,
}

#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Focus {
    Accuracy,
    Completeness,
    Logic,
    UserIntent,
    CodeCorrectness,
    Formatting,
    EdgeCases,
}

/// What a critic says, as far as it keeps to the form.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
struct Verdict {
    #[serde(rename = "verdict")]
    judgement: Judgement,
    #[serde(default)]
    alignment_score: Option<f64>,
    #[serde(default)]
    confidence: Option<f64>,
    #[serde(default)]
    issues: Vec<Value>,
    #[serde(default)]
    recommendations: Vec<Value>,
    #[serde(default)]
    summary: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Judgement {
    Pass,
    NeedsImprovement,
    Fail,
}

impl Tool for SelfCritique {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::SelfCritique;
    const DESCRIPTION: &'static str = "Lets a stronger model look for faults in an answer of yours before the person \
        relies on it. Use it only when the person asks for checking, verifying or proof-reading of your work. It costs \
        this person up to $0.50 and takes up to a few minutes. The result is a verdict (PASS, NEEDS_IMPROVEMENT or \
        FAIL) with issues and recommendations: mend what it finds, and say in a sentence what was checked.";
    const PRICE: Price = Price::Paid(PaidWork { least: CAP, most: CAP });
    /// Eight rounds of a model that thinks.
    const TIME_LIMIT: Duration = Duration::from_secs(600);

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        match prompt(&arguments) {
            Ok(prompt) => check(prompt, context).await,
            Err(failure) => Output::free(Err(failure)),
        }
    }
}

async fn check(prompt: String, context: ToolContext<'_>) -> Output {
    let registry = context.registry;
    let critic =
        registry.get(&ModelId(CRITIC.to_owned())).unwrap_or_else(|| registry.default_model()).clone();
    let task = SubagentTask {
        effort: Some(Effort::High).filter(|effort| critic.efforts.contains(effort)),
        model: critic,
        system: SYSTEM.trim_ascii(),
        files: Vec::new(),
        prompt,
        tools: true,
        last_words: LAST_WORDS,
        cap: CAP,
    };
    let SubagentReport { answer, cost, rounds, .. } = context.subagents.run(task).await;
    let result = match answer {
        Ok(text) => verdict(&text, cost, rounds),
        Err(reason) => Err(unfinished(reason)),
    };
    Output::costing(result, cost)
}

fn prompt(arguments: &Arguments) -> Result<String, Failure> {
    let Arguments { user_request, content, focus_areas } = arguments;
    if user_request.trim().is_empty() || content.trim().is_empty() {
        return Err(Failure::arguments("user_request and content must not be empty"));
    }
    let bytes = user_request.len() + content.len();
    if bytes > MOST_BYTES {
        let message = format!("at most {MOST_BYTES} bytes can be checked at once, not {bytes}");
        return Err(Failure::arguments(message));
    }
    let mut prompt = format!("<request>\n{user_request}\n</request>\n\n<work>\n{content}\n</work>\n");
    if !focus_areas.is_empty() {
        let areas = serde_json::to_string(focus_areas).unwrap_or_default();
        write!(prompt, "\nLook at these first: {areas}\n").unwrap_or_default();
    }
    prompt.push_str("\nCheck the work against the request.");
    Ok(prompt)
}

/// Returns the verdict in a critic's answer: the whole answer, or the first object in it that is a verdict.
fn verdict(text: &str, cost: Usd, rounds: usize) -> Result<Value, Failure> {
    let found = text.match_indices('{').find_map(|(start, _)| {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Verdict>();
        values.next().and_then(Result::ok)
    });
    let Some(found) = found else {
        let raw: String = text.chars().take(RAW_CHARS).collect();
        return Err(Failure {
            error: "no_verdict",
            message: format!("The critic did not keep to the form. It said: {raw}"),
        });
    };
    let mut result = json!(found);
    result["cost_usd"] = json!(cost);
    result["rounds"] = json!(rounds);
    Ok(result)
}

fn unfinished(reason: Unfinished) -> Failure {
    let message = match reason {
        Unfinished::Cap => "The check reached its limit of $0.50 before it had a verdict.",
        Unfinished::Rounds => "The check did not come to an end.",
        Unfinished::Refused => "The critic declined to check this.",
        Unfinished::Empty => "The critic ended without a word.",
        Unfinished::Cut => "The check was cut.",
        Unfinished::Failed(_) => "The critic could not be asked.",
    };
    Failure { error: reason.name(), message: format!("{message} Say that the work is not checked.") }
}

#[cfg(test)]
mod tests;
