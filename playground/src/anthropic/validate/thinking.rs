//! Checks of `thinking` and `output_config` against the model's abilities.

use serde_json::Value;

use super::request::{Check, Request, fail, only_known};
use crate::anthropic::models::EFFORT_LEVELS;
use crate::anthropic::models::Thinking;

const DISPLAY_UPDATES: &str = "thinking-display-updates-2026-08-18";
const LEAST_BUDGET: u64 = 1024;

pub(super) fn check(request: &Request<'_>) -> Check {
    output_config(request)?;
    let Some(thinking) = request.body.get("thinking").filter(|thinking| !thinking.is_null()) else {
        return Ok(());
    };
    let kind = thinking["type"].as_str().unwrap_or_default();
    let fields: &[&str] = match kind {
        "adaptive" => &["type", "display", "block_binding"],
        "enabled" => &["type", "budget_tokens", "display"],
        "disabled" | "between_tools" => &["type"],
        _ => {
            let expected = "Input should be 'adaptive', 'enabled', 'disabled' or 'between_tools'";
            return fail("thinking.type", expected);
        }
    };
    if !request.model.thinking.accepts(kind) {
        let id = request.model.id;
        return fail("thinking.type", format!("thinking.type \"{kind}\" is not supported for {id}"));
    }
    only_known("thinking", thinking, fields)?;
    off_needs_modest_effort(request, kind)?;
    display(request, &thinking["display"])?;
    if kind == "enabled" { budget(request.body, thinking) } else { Ok(()) }
}

fn output_config(request: &Request<'_>) -> Check {
    let Some(config) = request.body.get("output_config").filter(|config| !config.is_null()) else {
        return Ok(());
    };
    only_known("output_config", config, &["effort", "format"])?;
    let Some(effort) = config.get("effort").filter(|effort| !effort.is_null()) else { return Ok(()) };
    let Some(level) = effort.as_str().filter(|level| EFFORT_LEVELS.contains(level)) else {
        return fail("output_config.effort", format!("Input should be one of {EFFORT_LEVELS:?}"));
    };
    if request.model.efforts.contains(&level) {
        return Ok(());
    }
    fail("output_config.effort", format!("effort \"{level}\" is not supported for {}", request.model.id))
}

/// Checks disabled thinking: some models allow it only up to effort high.
fn off_needs_modest_effort(request: &Request<'_>, kind: &str) -> Check {
    let high = matches!(request.body["output_config"]["effort"].as_str(), Some("xhigh" | "max"));
    let limited = match kind {
        "disabled" => request.model.thinking == Thinking::OnUntilHigh,
        "between_tools" => true,
        _ => false,
    };
    if high && limited {
        return fail("thinking.type", format!("\"{kind}\" is supported only with effort high or lower"));
    }
    Ok(())
}

fn display(request: &Request<'_>, display: &Value) -> Check {
    match display {
        Value::Null => Ok(()),
        Value::String(value) if value == "summarized" || value == "omitted" => Ok(()),
        Value::String(value) if value == "updates" && request.betas.contains(DISPLAY_UPDATES) => Ok(()),
        _ => fail("thinking.display", "Input should be 'summarized' or 'omitted'"),
    }
}

fn budget(body: &Value, thinking: &Value) -> Check {
    let path = "thinking.enabled.budget_tokens";
    let Some(budget) = thinking["budget_tokens"].as_u64() else { return fail(path, "Field required") };
    if budget < LEAST_BUDGET {
        return fail(path, format!("Input should be greater than or equal to {LEAST_BUDGET}"));
    }
    if body["max_tokens"].as_u64().is_some_and(|most| budget >= most) {
        return fail("max_tokens", "must be greater than `thinking.budget_tokens`");
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "table rows are literals")]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, with};

    fn thinking(model: &str, thinking: Value) -> Value {
        with(json!({"model":model,"max_tokens":4000,"thinking":thinking}))
    }

    fn effort(model: &str, effort: &str) -> Value {
        with(json!({"model":model,"output_config":{"effort":effort}}))
    }

    fn both(model: &str, kind: &str, effort: &str) -> Value {
        with(json!({"model":model,"thinking":{"type":kind},"output_config":{"effort":effort}}))
    }

    pub(crate) fn cases() -> Vec<Case> {
        let (opus, sonnet, haiku) = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5");
        let (middle, old) = ("claude-sonnet-4-6", "claude-haiku-4-5");
        let budget = |tokens: u64| json!({"type":"enabled","budget_tokens":tokens});
        let kind = |kind: &str| json!({"type":kind});
        vec![
            accepted("adaptive", thinking(opus, json!({"type":"adaptive","display":"summarized"}))),
            accepted("between tools", both(sonnet, "between_tools", "high")),
            accepted("haiku off", both(haiku, "disabled", "high")),
            accepted("opus 4.8 off", both("claude-opus-4-8", "disabled", "max")),
            accepted("budget", thinking(old, budget(1024))),
            accepted("deprecated budget", thinking(middle, budget(2000))),
            accepted("max on 4.6", effort(middle, "max")),
            accepted("xhigh", effort(haiku, "xhigh")),
            refused("unknown type", thinking(opus, kind("deep")), "thinking.type: Input should be"),
            refused("opus off", thinking(opus, kind("disabled")), "\"disabled\" is not supported"),
            refused("sonnet off", thinking(sonnet, kind("disabled")), "\"disabled\" is not supported"),
            refused("new budget", thinking(opus, budget(2000)), "\"enabled\" is not supported"),
            refused("opus between tools", thinking(opus, kind("between_tools")), "\"between_tools\" is not"),
            refused("old adaptive", thinking(old, kind("adaptive")), "\"adaptive\" is not supported"),
            refused("haiku off at xhigh", both(haiku, "disabled", "xhigh"), "only with effort high"),
            refused("between tools at max", both(sonnet, "between_tools", "max"), "only with effort high"),
            refused(
                "between tools with display",
                thinking(sonnet, json!({"type":"between_tools","display":"omitted"})),
                "thinking.display: Extra inputs",
            ),
            refused(
                "display",
                thinking(opus, json!({"type":"adaptive","display":"full"})),
                "thinking.display",
            ),
            refused(
                "updates",
                thinking(opus, json!({"type":"adaptive","display":"updates"})),
                "thinking.display",
            ),
            refused("small budget", thinking(old, budget(1023)), "greater than or equal to 1024"),
            refused("no budget", thinking(old, kind("enabled")), "budget_tokens: Field required"),
            refused("large budget", thinking(old, budget(4000)), "must be greater than"),
            refused("unknown effort", effort(opus, "huge"), "output_config.effort: Input should be one of"),
            refused("xhigh on 4.6", effort(middle, "xhigh"), "effort \"xhigh\" is not supported"),
            refused("max on opus 4.5", effort("claude-opus-4-5", "max"), "effort \"max\" is not supported"),
            refused("effort on old", effort(old, "low"), "effort \"low\" is not supported"),
            refused(
                "unknown key",
                with(json!({"output_config":{"style":"a"}})),
                "output_config.style: Extra",
            ),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
