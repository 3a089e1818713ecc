//! Checks that thinking blocks are sent back unchanged, in the conversation from which they come.

use super::request::{Check, Request, fail};
use crate::anthropic::signature::{Verdict, verify};

pub(super) fn check(request: &Request<'_>) -> Check {
    for &(message, block, prefix) in &request.prompt.thinking {
        let path = format!("messages.{message}.content.{block}");
        let value = &request.body["messages"][message]["content"][block];
        if value["type"] != "thinking" {
            continue;
        }
        let (text, signature) = (value["thinking"].as_str(), value["signature"].as_str());
        let (Some(text), Some(signature)) = (text, signature) else {
            return fail(format!("{path}.thinking"), "`thinking` and `signature` should be valid strings");
        };
        match verify(signature, text, request.model.id, prefix) {
            Verdict::Valid | Verdict::OtherModel => {}
            Verdict::Invalid => return fail(path, "Invalid `signature` in `thinking` block"),
            Verdict::OtherConversation => {
                return fail(
                    path,
                    "Invalid `signature` in `thinking` block. The block is bound to a different conversation \
                     than the one it was sent in.",
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, with};
    use crate::anthropic::{signature::sign, transcript::Transcript};

    const MODEL: &str = "claude-sonnet-5-5";

    fn talk(question: &str, thought: &str, signature: Value) -> Value {
        let mut body = with(json!({"messages":[{"role":"user","content":question},
            {"role":"assistant","content":[{"type":"thinking","thinking":thought},{"type":"text","text":"4"}]},
            {"role":"user","content":"thanks"}]}));
        if !signature.is_null() {
            body["messages"][1]["content"][0]["signature"] = signature;
        }
        body
    }

    pub(crate) fn cases() -> Vec<Case> {
        let prefix = Transcript::of(&with(json!({"messages":[{"role":"user","content":"2+2?"}]}))).prefix;
        let good = json!(sign("Two and two.", MODEL, prefix));
        let other_model = json!(sign("Two and two.", "claude-opus-5-5", prefix));
        let mut new_system = talk("2+2?", "Two and two.", good.clone());
        new_system["system"] = json!("Be brief.");
        let mut effort = talk("2+2?", "Two and two.", good.clone());
        effort["output_config"] = json!({"effort":"low"});
        vec![
            accepted("unchanged", talk("2+2?", "Two and two.", good.clone())),
            accepted("other effort", effort),
            accepted("another model's block", talk("2+2?", "Two and two.", other_model)),
            refused("no signature", talk("2+2?", "Two and two.", Value::Null), "thinking.signature: Field"),
            refused(
                "altered signature",
                talk("2+2?", "Two and two.", json!("Erc00==")),
                "Invalid `signature`",
            ),
            refused("altered thought", talk("2+2?", "Three.", good.clone()), "messages.1.content.0: Invalid"),
            refused(
                "edited question",
                talk("2+3?", "Two and two.", good),
                "bound to a different conversation",
            ),
            refused("new system prompt", new_system, "bound to a different conversation"),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
