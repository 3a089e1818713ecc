//! Checks of citations: since version 2026-10-21 only the model may cite.

use serde_json::Value;

use super::request::{Check, Request, Version, each_block, fail};

pub(super) fn check(request: &Request<'_>) -> Check {
    if request.version < Version::V2026 {
        return Ok(());
    }
    for (path, role, block) in each_block(request.body) {
        if role == "user" && block["type"] == "text" && cites(block) {
            return fail(format!("{path}.text.citations"), "citations are not allowed in user messages");
        }
        if block["type"] == "search_result"
            && block["content"].as_array().is_some_and(|c| c.iter().any(cites))
        {
            return fail(
                format!("{path}.search_result.content"),
                "citations are not allowed in search results",
            );
        }
    }
    Ok(())
}

fn cites(block: &Value) -> bool {
    block["citations"].as_array().is_some_and(|citations| !citations.is_empty())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, saying, with};

    pub(crate) fn cases() -> Vec<Case> {
        let cited = |citations: Value| json!([{"type":"text","text":"a","citations":citations}]);
        let found = json!([{"type":"search_result","source":"https://a.example","title":"A",
            "content":[{"type":"text","text":"a","citations":[{}]}]}]);
        let answer = json!([{"role":"user","content":"a"},{"role":"assistant","content":cited(json!([{}]))},
            {"role":"user","content":"b"}]);
        vec![
            accepted("no citations", saying(cited(json!([])))),
            accepted("assistant citation", with(json!({"messages":answer}))),
            accepted("before 2026", saying(cited(json!([{}])))).under_2023(),
            refused("user citation", saying(cited(json!([{}]))), "messages.0.content.0.text.citations"),
            refused("search result citation", saying(found), "not allowed in search results"),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
