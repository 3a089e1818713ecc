//! Checks of the messages as a sequence: roles, first and last message, missing content.

use serde_json::Value;

use super::request::{Check, Request, fail, only_known};
use crate::anthropic::conversation::{self, Block, blocks, role};
use crate::anthropic::error::ApiError;

const MOST_MESSAGES: usize = 100_000;

pub(super) fn check(request: &Request<'_>) -> Check {
    let Some(messages) = request.body.get("messages") else { return fail("messages", "Field required") };
    let Some(messages) = messages.as_array() else {
        return fail("messages", "Input should be a valid array");
    };
    if messages.is_empty() {
        return fail("messages", "at least one message is required");
    }
    if messages.len() > MOST_MESSAGES {
        return fail("messages", format!("at most {MOST_MESSAGES} messages are allowed"));
    }
    for (at, message) in messages.iter().enumerate() {
        one(at, message)?;
        if role(message) == "system" {
            system(request, at, message)?;
        }
    }
    if role(&messages[0]) != "user" {
        return fail("messages", "first message must use the \"user\" role");
    }
    last(request, messages)
}

fn one(at: usize, message: &Value) -> Check {
    let path = format!("messages.{at}");
    if !message.is_object() {
        return fail(path, "Input should be an object");
    }
    if !matches!(role(message), "user" | "assistant" | "system") {
        return fail(format!("{path}.role"), "Input should be 'user', 'assistant' or 'system'");
    }
    only_known(&path, message, &["role", "content"])?;
    let named = |problem: &str| fail(&path, format!("{} messages must have {problem}", role(message)));
    match &message["content"] {
        Value::String(text) if text.is_empty() => named("non-empty content"),
        Value::String(text) if text.trim().is_empty() => {
            fail(&path, "text content blocks must contain non-whitespace text")
        }
        Value::Array(blocks) if blocks.is_empty() => named("non-empty content"),
        Value::String(_) | Value::Array(_) => Ok(()),
        Value::Null => fail(format!("{path}.content"), "Field required"),
        _ => fail(format!("{path}.content"), "Input should be a string or an array of blocks"),
    }
}

fn system(request: &Request<'_>, at: usize, message: &Value) -> Check {
    let path = format!("messages.{at}");
    if !request.model.system_messages {
        return fail(format!("{path}.role"), "role 'system' is not supported for this model");
    }
    if at == 0 {
        return fail(path, "a system message cannot come first; use the top-level `system` field");
    }
    let foreign = blocks(&message["content"]).iter().position(|block| block.text().is_none());
    foreign.map_or(Ok(()), |block| {
        fail(format!("{path}.content.{block}.type"), "system messages may contain only text")
    })
}

/// Refuses a trailing assistant message unless the model supports prefill.
fn last(request: &Request<'_>, messages: &[Value]) -> Check {
    let Some(last) = messages.iter().rfind(|message| role(message) != "system") else { return Ok(()) };
    if role(last) != "assistant" || request.resumes_pause {
        return Ok(());
    }
    if !request.model.prefill {
        return Err(ApiError::invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    let text = conversation::blocks(&last["content"]).last().copied().and_then(Block::text);
    if text.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return fail("messages", "final assistant content cannot end with trailing whitespace");
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, saying, with};

    fn roles(model: &str, roles: &[&str]) -> Value {
        let messages: Vec<Value> = roles.iter().map(|role| json!({"role":role,"content":"hi"})).collect();
        with(json!({"model":model,"messages":messages}))
    }

    pub(crate) fn cases() -> Vec<Case> {
        let (new, old) = ("claude-sonnet-5-5", "claude-haiku-4-5");
        let mut trailing = roles(old, &["user", "assistant"]);
        trailing["messages"][1]["content"] = json!("The answer is ");
        vec![
            accepted("two users in a row", roles(new, &["user", "user", "assistant", "user"])),
            accepted("system later", roles(new, &["user", "system", "user"])),
            accepted("system last", roles(new, &["user", "assistant", "user", "system"])),
            accepted("prefill of an old model", roles(old, &["user", "assistant"])),
            refused("no messages", with(json!({"messages":null})), "messages: Field required"),
            refused("messages object", with(json!({"messages":{}})), "messages: Input"),
            refused("messages empty", roles(new, &[]), "at least one message"),
            refused("message text", with(json!({"messages":["hi"]})), "messages.0: Input"),
            refused("assistant first", roles(new, &["assistant", "user"]), "first message must use"),
            refused("unknown role", roles(new, &["user", "robot"]), "messages.1.role: Input"),
            refused(
                "prefill",
                roles(new, &["user", "assistant"]),
                "does not support assistant message prefill",
            ),
            refused("prefill whitespace", trailing, "cannot end with trailing whitespace"),
            refused("system first", roles(new, &["system", "user"]), "cannot come first"),
            refused("system old", roles("claude-sonnet-5", &["user", "system", "user"]), "messages.1.role"),
            refused(
                "system image",
                with(json!({"messages":[{"role":"user","content":"a"},
                    {"role":"system","content":[{"type":"image"}]},{"role":"user","content":"b"}]})),
                "messages.1.content.0.type",
            ),
            refused("no content", with(json!({"messages":[{"role":"user"}]})), "messages.0.content: Field"),
            refused("empty text", saying(json!("")), "user messages must have non-empty content"),
            refused("blank text", saying(json!(" \n")), "must contain non-whitespace"),
            refused("empty blocks", saying(json!([])), "user messages must have non-empty content"),
            refused("number content", saying(json!(5)), "messages.0.content: Input"),
            refused(
                "extra key",
                with(json!({"messages":[{"role":"user","content":"a","name":"Ann"}]})),
                "messages.0.name: Extra inputs",
            ),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
