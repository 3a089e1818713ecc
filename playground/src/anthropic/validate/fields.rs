//! Checks of the top-level fields: names, types, limits of output, sampling.

use serde_json::Value;

use super::request::{Check, Request, Version, fail, only_known};

const KNOWN: &[&str] = &[
    "cache_control",
    "messages",
    "model",
    "output_config",
    "speed",
    "system",
    "thinking",
    "tool_choice",
    "tools",
    "user_profile_id",
    "workspace_id",
];

/// Fields that a request to count tokens must not have.
const KNOWN_TO_MESSAGES: &[&str] = &[
    "container",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "metadata",
    "service_tier",
    "stop_sequences",
    "stream",
];

/// Fields that exist only with a beta header of this prefix.
const BETA: &[(&str, &str)] = &[
    ("context_management", "context-management-"),
    ("context_management", "compact-"),
    ("compaction", "compact-"),
    ("fallbacks", "server-side-fallback-"),
    ("mcp_servers", "mcp-client-"),
];

const SAMPLING: &[&str] = &["temperature", "top_p", "top_k"];

pub(super) fn check(request: &Request<'_>) -> Check {
    names(request)?;
    sampling(request)?;
    if !request.counting {
        max_tokens(request)?;
        output_fields(request.body)?;
    }
    system(&request.body["system"])
}

fn names(request: &Request<'_>) -> Check {
    let known = |name: &str| {
        KNOWN.contains(&name)
            || (!request.counting && KNOWN_TO_MESSAGES.contains(&name))
            || (!request.counting && SAMPLING.contains(&name) && request.version == Version::V2023)
            || BETA.iter().any(|(field, beta)| {
                *field == name && request.betas.split(',').any(|sent| sent.trim().starts_with(beta))
            })
    };
    let unknown = request.body.as_object().and_then(|fields| fields.keys().find(|name| !known(name)));
    unknown.map_or(Ok(()), |name| fail(name, "Extra inputs are not permitted"))
}

/// Checks sampling parameters. Under the old version their defaults are accepted by any model, other values
/// only by old models.
fn sampling(request: &Request<'_>) -> Check {
    for name in SAMPLING {
        let Some(value) = request.body.get(name) else { continue };
        let default = (*name != "top_k") && value.as_f64() == Some(1.0);
        if request.model.fixed_sampling && !default {
            return fail(name, format!("`{name}` is not supported for this model."));
        }
    }
    Ok(())
}

fn max_tokens(request: &Request<'_>) -> Check {
    let most = request.model.max_output;
    let Some(value) = request.body.get("max_tokens") else { return fail("max_tokens", "Field required") };
    match value.as_i64() {
        None => fail("max_tokens", "Input should be a valid integer"),
        Some(tokens) if tokens < 0 => fail("max_tokens", "Input should be greater than or equal to 0"),
        Some(tokens) if tokens.unsigned_abs() > most => fail(
            "max_tokens",
            format!("{tokens} > {most}, which is the maximum allowed number of output tokens for {}", {
                request.model.id
            }),
        ),
        Some(_) => Ok(()),
    }
}

fn output_fields(body: &Value) -> Check {
    if body.get("stream").is_some_and(|value| !value.is_boolean()) {
        return fail("stream", "Input should be a valid boolean");
    }
    for (at, value) in body["stop_sequences"].as_array().into_iter().flatten().enumerate() {
        if value.as_str().is_none_or(|text| text.trim().is_empty()) {
            return fail(format!("stop_sequences.{at}"), "each stop sequence must contain non-whitespace");
        }
    }
    if body.get("service_tier").is_some_and(|tier| tier != "auto" && tier != "standard_only") {
        return fail("service_tier", "Input should be 'auto' or 'standard_only'");
    }
    match body.get("metadata") {
        None | Some(Value::Null) => Ok(()),
        Some(metadata) if !metadata.is_object() => fail("metadata", "Input should be an object"),
        Some(metadata) => only_known("metadata", metadata, &["user_id"]),
    }
}

fn system(system: &Value) -> Check {
    match system {
        Value::Null | Value::String(_) => Ok(()),
        Value::Array(blocks) => blocks.iter().enumerate().try_for_each(|(at, block)| {
            let path = format!("system.{at}");
            if block["type"] != "text" {
                return fail(format!("{path}.type"), "Input should be 'text'");
            }
            super::blocks::text(&path, block)
        }),
        _ => fail("system", "Input should be a string or an array of text blocks"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::{Case, accepted, refused, run, with};

    pub(crate) fn cases() -> Vec<Case> {
        let mut unknown_model =
            refused("unknown model", with(json!({"model":"claude-9"})), "model: claude-9");
        unknown_model.status = 404;
        vec![
            unknown_model,
            accepted("smallest request", with(json!({}))),
            accepted("cache warming", with(json!({"max_tokens":0}))),
            accepted("system text", with(json!({"system":"Be kind."}))),
            refused("no model", with(json!({"model":null})), "model: Field required"),
            refused("model number", with(json!({"model":5})), "model: Input should be a valid string"),
            refused("unknown field", with(json!({"temprature":1})), "temprature: Extra inputs"),
            refused("beta field without header", with(json!({"fallbacks":"default"})), "fallbacks: Extra"),
            refused("no max_tokens", with(json!({"max_tokens":null})), "max_tokens: Field required"),
            refused("text max_tokens", with(json!({"max_tokens":"many"})), "max_tokens: Input"),
            refused("negative max_tokens", with(json!({"max_tokens":-1})), "max_tokens: Input"),
            refused("large max_tokens", with(json!({"max_tokens":128_001})), "128001 > 128000"),
            refused("temperature", with(json!({"temperature":1})), "temperature: Extra inputs"),
            refused("top_p", with(json!({"top_p":0.5})), "top_p: Extra inputs"),
            refused("top_k", with(json!({"top_k":5})), "top_k: Extra inputs"),
            refused("warm old", with(json!({"temperature":0.2})), "`temperature` is not").under_2023(),
            accepted("default temperature", with(json!({"temperature":1}))).under_2023(),
            accepted("old model", with(json!({"model":"claude-haiku-4-5","temperature":0.2}))).under_2023(),
            refused("stream text", with(json!({"stream":"yes"})), "stream: "),
            refused("blank stop sequence", with(json!({"stop_sequences":["a"," "]})), "stop_sequences.1"),
            refused("service tier", with(json!({"service_tier":"gold"})), "service_tier: "),
            refused("metadata field", with(json!({"metadata":{"name":"Ann"}})), "metadata.name: Extra"),
            refused("system image", with(json!({"system":[{"type":"image"}]})), "system.0.type"),
            refused("system empty", with(json!({"system":[{"type":"text","text":""}]})), "must be non-empty"),
            refused("system number", with(json!({"system":5})), "system: "),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
