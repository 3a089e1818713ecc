//! Wrong arguments for every tool, made from the schema that the model gets: each call gets a result that says
//! so, the turn ends well, and the next prompt, which repeats the calls, is accepted.

use playground::anthropic::{Reply, Step, StopReason};
use serde_json::{Value, json};
use starling::domain::tool::ToolName;
use strum::VariantArray;

use super::workshop::{Workshop, results};

/// A call with wrong arguments.
enum WrongCall {
    /// Arguments that are JSON.
    Input(Value),
    /// Arguments that break off.
    Torn(&'static str),
}

/// Returns a value that matches a schema.
fn example(schema: &Value) -> Value {
    let kind = schema["type"].as_str().or(schema["type"][0].as_str());
    match (schema["enum"].get(0), kind) {
        (Some(first), _) => first.clone(),
        (None, Some("integer" | "number")) => json!(1),
        (None, Some("boolean")) => json!(true),
        (None, Some("array")) => json!([example(&schema["items"])]),
        _ => json!("example"),
    }
}

/// Texts that may be long: code and work of this length are right.
const MAY_BE_LONG: [(&str, &str); 3] =
    [("execute_python", "code"), ("self_critique", "user_request"), ("self_critique", "content")];

/// Returns a value that no schema of ours allows.
fn of_wrong_type() -> Value {
    json!({"a": [null, 1.5]})
}

/// Returns wrong calls of a tool as the model is offered it.
fn wrong_calls(tool: &Value) -> Vec<WrongCall> {
    let schema = &tool["input_schema"];
    let fields = schema["properties"].as_object().unwrap();
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
    let right = |name: &str| (name.to_owned(), example(&fields[name]));
    let whole: Value = required.iter().map(|name| right(name)).collect();
    let with = |name: &str, value: Value| {
        let mut input = whole.clone();
        input[name] = value;
        input
    };
    let without = required.iter().map(|missing| {
        let others = required.iter().filter(|name| *name != missing);
        others.map(|name| right(name)).collect::<Value>()
    });
    let mistyped = fields.keys().map(|name| with(name, of_wrong_type()));
    let is_short = |name: &str| !MAY_BE_LONG.iter().any(|&(own, long)| tool["name"] == own && name == long);
    let texts = fields.iter().filter(|(_, field)| field["type"] == "string" && field.get("enum").is_none());
    let texts = texts.filter(|(name, _)| is_short(name));
    let long = texts.map(|(name, _)| with(name, json!("x".repeat(20_000))));
    let unknown = with("no_such_field", json!(1));
    let shapeless = [
        json!([]),
        json!([1, 1]),
        json!(["example", "example"]),
        json!("text"),
        json!(7),
        json!(true),
        json!(null),
    ];
    let inputs = without.chain(mistyped).chain(long).chain([unknown]).chain(shapeless);
    let torn = ["{\"", "{\"a\": \"the beginning of", "[", "not JSON at all"];
    inputs.map(WrongCall::Input).chain(torn.map(WrongCall::Torn)).collect()
}

#[tokio::test]
async fn wrong_arguments_of_every_tool_become_results_and_the_turn_ends_well() {
    let shop = Workshop::open().await;
    shop.begin(None).await;
    let declared = shop.bot.request(1).await.body["tools"].as_array().unwrap().clone();
    let own: Vec<&Value> = declared.iter().filter(|tool| tool.get("input_schema").is_some()).collect();
    let names: Vec<&str> = own.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    for tool in ToolName::VARIANTS.iter().filter(|tool| !tool.is_of_provider()) {
        assert!(names.contains(&tool.name()), "{} is not offered", tool.name());
    }
    for tool in own {
        let name = tool["name"].as_str().unwrap();
        let calls = wrong_calls(tool);
        let count = calls.len();
        let step = |call| match call {
            WrongCall::Input(input) => Step::ToolUse { name: name.to_owned(), input },
            WrongCall::Torn(partial) => {
                Step::BrokenToolUse { name: name.to_owned(), partial: partial.to_owned() }
            }
        };
        let steps = calls.into_iter().map(step).chain([Step::Stop(StopReason::ToolUse)]);
        shop.bot.model.script(Reply::steps(steps.collect()));
        shop.bot.model.script(Reply::text(format!("I cannot use {name}.")));
        assert_eq!(shop.bot.ask("Try it.").await, format!("I cannot use {name}."));
        let request = shop.bot.model.requests().pop().unwrap();
        let told = results(&request);
        assert_eq!(told.len(), count, "{name}");
        for result in &told {
            let content = result.content.to_string();
            assert!(result.failed && result.content["message"].is_string(), "{name}: {content}");
            assert!(content.len() < 2_000, "{name}: the result repeats {} bytes", content.len());
        }
    }
    // The calls are repeated in this prompt, as objects.
    assert_eq!(shop.bot.ask("And now?").await, "You said: And now?");
    assert!(shop.gemini.requests().is_empty() && shop.openai.requests().is_empty());
    assert!(shop.e2b.calls().is_empty());
    assert_eq!(
        shop.bot.database.count("SELECT count(*) FROM model_calls WHERE model_id NOT LIKE 'claude%'").await,
        0
    );
    shop.end().await;
}

#[tokio::test]
async fn ten_megabytes_of_arguments_end_no_turn() {
    let shop = Workshop::open().await;
    shop.begin(None).await;
    for tool in ["execute_python", "render_latex", "generate_image"] {
        let input = json!({"code": "x".repeat(10_000_000)});
        shop.bot.model.script(Reply::steps(vec![
            Step::ToolUse { name: tool.to_owned(), input },
            Step::Stop(StopReason::ToolUse),
        ]));
        shop.bot.model.script(Reply::text("That was too much."));
        assert_eq!(shop.bot.ask("Do it.").await, "That was too much.");
    }
    shop.end().await;
}
