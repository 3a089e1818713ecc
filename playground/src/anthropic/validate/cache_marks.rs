//! Checks of `cache_control`: number, place, and order of lifetimes.

use serde_json::Value;

use super::request::{Check, Request, each_block, fail, only_known};

const MOST_MARKS: usize = 4;

pub(super) fn check(request: &Request<'_>) -> Check {
    let marks = marks(request.body);
    let mut short_at = None;
    for (path, block, control) in &marks {
        control_fields(path, control)?;
        match block["type"].as_str() {
            Some("thinking" | "redacted_thinking") => {
                return fail(path, "cache_control cannot be set for thinking blocks");
            }
            Some("text") if block["text"].as_str().is_none_or(str::is_empty) => {
                return fail(path, "cache_control cannot be set for empty text blocks");
            }
            _ => {}
        }
        if control["ttl"] != "1h" {
            short_at = Some(path);
        } else if let Some(short) = short_at {
            return fail(
                path,
                format!("a ttl='1h' cache_control block must not come after a ttl='5m' block ({short})"),
            );
        }
    }
    if marks.len() > MOST_MARKS {
        let found = marks.len();
        return fail("cache_control", format!("at most {MOST_MARKS} blocks may have it, found {found}"));
    }
    Ok(())
}

/// Returns every mark in prompt order: its path, its block, and the mark itself.
fn marks(body: &Value) -> Vec<(String, &Value, &Value)> {
    let list = |name: &'static str| {
        let blocks = body[name].as_array().into_iter().flatten().enumerate();
        blocks.map(move |(at, block)| (format!("{name}.{at}"), block))
    };
    let inner = each_block(body).flat_map(|(path, _, block)| {
        let parts = block["content"].as_array().into_iter().flatten().enumerate();
        let parts: Vec<_> = parts.map(|(at, part)| (format!("{path}.content.{at}"), part)).collect();
        parts.into_iter().chain([(path, block)])
    });
    list("tools")
        .chain(list("system"))
        .chain(inner)
        .chain([("request".to_owned(), body)])
        .filter_map(|(path, block)| {
            let control = block.get("cache_control").filter(|control| !control.is_null())?;
            Some((format!("{path}.cache_control"), block, control))
        })
        .collect()
}

fn control_fields(path: &str, control: &Value) -> Check {
    if control["type"] != "ephemeral" {
        return fail(format!("{path}.type"), "Input should be 'ephemeral'");
    }
    if control.get("ttl").is_some_and(|ttl| ttl != "5m" && ttl != "1h") {
        return fail(format!("{path}.ttl"), "Input should be '5m' or '1h'");
    }
    only_known(path, control, &["type", "ttl"])
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, saying, with};

    fn marked(controls: &[Value]) -> Value {
        let blocks: Vec<Value> =
            controls.iter().map(|mark| json!({"type":"text","text":"a","cache_control":mark})).collect();
        saying(json!(blocks))
    }

    pub(crate) fn cases() -> Vec<Case> {
        let plain = json!({"type":"ephemeral"});
        let (hour, short) = (json!({"type":"ephemeral","ttl":"1h"}), json!({"type":"ephemeral","ttl":"5m"}));
        let system = |mark: &Value| json!([{"type":"text","text":"s","cache_control":mark}]);
        let mut late_hour = marked(std::slice::from_ref(&hour));
        late_hour["system"] = system(&short);
        let mut five = marked(&vec![plain.clone(); 4]);
        five["system"] = system(&plain);
        let mut four_and_top = marked(&vec![plain.clone(); 4]);
        four_and_top["cache_control"] = plain.clone();
        let nested = json!([{"role":"user","content":"a"},
            {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"t","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[
                {"type":"text","text":"x","cache_control":{"type":"hard"}}]}]}]);
        vec![
            accepted("four marks", marked(&[hour.clone(), hour.clone(), short.clone(), plain.clone()])),
            accepted("automatic", with(json!({"cache_control":plain}))),
            refused("five marks", five, "found 5"),
            refused("automatic is the fifth", four_and_top, "found 5"),
            refused("type", marked(&[json!({"type":"lasting"})]), "content.0.cache_control.type"),
            refused("lifetime", marked(&[json!({"type":"ephemeral","ttl":"2h"})]), "cache_control.ttl"),
            refused("extra key", marked(&[json!({"type":"ephemeral","x":1})]), "cache_control.x: Extra"),
            refused("hour after short", marked(&[short, hour]), "must not come after a ttl='5m'"),
            refused(
                "hour after short in system",
                late_hour,
                "messages.0.content.0.cache_control: a ttl='1h'",
            ),
            refused(
                "inside a result",
                with(json!({"tools":[{"name":"t","input_schema":{"type":"object"}}],"messages":nested})),
                "messages.2.content.0.content.0.cache_control.type",
            ),
            refused(
                "tool mark",
                with(json!({"tools":[{"name":"t","input_schema":{"type":"object"},"cache_control":{}}]})),
                "tools.0.cache_control.type",
            ),
            refused(
                "on thinking",
                with(json!({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[
                    {"type":"thinking","thinking":"","signature":"x","cache_control":{"type":"ephemeral"}}]},
                    {"role":"user","content":"b"}]})),
                "cannot be set for thinking blocks",
            ),
            refused(
                "on empty text",
                saying(json!([{"type":"text","text":"","cache_control":{"type":"ephemeral"}}])),
                "cannot be set for empty text blocks",
            ),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
