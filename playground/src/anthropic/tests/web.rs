//! The API's own tools over HTTP: searches, pages, citations, pauses.

use serde_json::{Value, json};

use super::super::{Anthropic, Reply, Step};
use super::{HttpAnswer, answer, ask, follow, start, with};

fn tools(uses: u64) -> Value {
    json!([
        {"type":"web_search_20260318","name":"web_search","max_uses":uses,"allowed_callers":["direct"]},
        {"type":"web_fetch_20260318","name":"web_fetch","max_uses":uses,"allowed_callers":["direct"],
         "citations":{"enabled":true},"max_content_tokens":10},
    ])
}

async fn told(api: &Anthropic, text: &str) -> (Value, HttpAnswer) {
    let body = with(ask(text), "tools", tools(2));
    let answer = answer(api, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    (body, answer)
}

fn kinds(message: &Value) -> Vec<&str> {
    message["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_search_is_streamed_with_its_result_and_citations_and_counts_as_one() {
    let api = start().await;
    let (body, answer) = told(&api, "!search dollars euro").await;
    let message = answer.message();
    assert_eq!(kinds(&message)[..4], ["text", "server_tool_use", "web_search_tool_result", "text"]);
    assert_eq!(message["content"][1]["input"], json!({"query":"dollars euro"}));
    let citations =
        answer.events().iter().filter(|event| event["delta"]["type"] == "citations_delta").count();
    assert_eq!(citations, 2, "{}", answer.text);
    assert!(
        answer.said().contains("I found this: One euro is 1.17 dollars. The official"),
        "{}",
        answer.said()
    );
    let usage = &message["usage"];
    assert_eq!(usage["server_tool_use"], json!({"web_search_requests":1,"web_fetch_requests":0}));
    let result = message["content"][2]["content"].to_string().len() as u64;
    let before = answer.events()[0]["message"]["usage"]["input_tokens"].as_u64().unwrap();
    assert_eq!(usage["input_tokens"], before + result.div_ceil(4), "the result is read as input");
    let mut forged = message.clone();
    forged["content"][2]["content"][0]["encrypted_content"] = json!("");
    let refused = super::answer(&api, &follow(&body, &forged, json!("thanks"))).await;
    assert!(refused.text.contains("Invalid `encrypted_content`"), "{}", refused.text);
    assert_eq!(
        super::answer(&api, &follow(&body, &message, json!("thanks"))).await.said(),
        "You said: thanks"
    );
}

#[tokio::test]
async fn errors_stand_in_the_results_and_cost_nothing() {
    let api = start().await;
    let (_, answer) = told(&api, "!search error:unavailable; euro; dollars").await;
    let message = answer.message();
    let codes: Vec<&Value> = message["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|block| block["type"] == "web_search_tool_result")
        .map(|block| &block["content"]["error_code"])
        .collect();
    assert_eq!(codes, [&json!("unavailable"), &Value::Null, &json!("max_uses_exceeded")]);
    assert_eq!(message["usage"]["server_tool_use"]["web_search_requests"], 1);
    assert!(
        answer.said().contains("The search for \"dollars\" failed (max_uses_exceeded)"),
        "{}",
        answer.said()
    );
}

#[tokio::test]
async fn a_page_is_read_up_to_the_limit_if_the_conversation_has_its_address() {
    let api = start().await;
    for (text, code) in [
        ("!fetch https://rates.example/eur", None),
        ("!fetch", None),
        ("!fetch https://none.example/", Some("url_not_accessible")),
    ] {
        let (_, answer) = told(&api, text).await;
        let message = answer.message();
        let result =
            message["content"].as_array().unwrap().iter().rfind(|b| b["type"] == "web_fetch_tool_result");
        let content = &result.unwrap()["content"];
        assert_eq!(content["error_code"].as_str(), code, "{text}: {message}");
        if code.is_none() {
            assert_eq!(content["content"]["source"]["data"], "One euro is 1.17 dollars. The rate rose ");
            assert!(answer.text.contains("\"type\":\"char_location\""), "{}", answer.text);
        }
    }
    api.script(Reply::steps(vec![Step::Fetch("https://birds.example/starling".to_owned())]));
    let (_, answer) = told(&api, "hello").await;
    assert!(answer.text.contains("url_not_in_prior_context"), "{}", answer.text);
}

#[tokio::test]
async fn a_turn_pauses_as_often_as_asked_and_an_open_call_needs_its_result() {
    let api = start().await;
    let mut body = with(ask("!pause 3"), "tools", tools(5));
    for _ in 0..3 {
        let paused = answer(&api, &body).await.message();
        assert_eq!(paused["stop_reason"], "pause_turn", "{paused}");
        let refused = answer(&api, &follow(&body, &paused, json!("and?"))).await;
        assert!(refused.text.contains("without a corresponding result"), "{}", refused.text);
        body = follow(&body, &paused, Value::Null);
    }
    let last = answer(&api, &body).await.message();
    assert_eq!(
        (last["stop_reason"].as_str(), &kinds(&last)[..]),
        (Some("end_turn"), &["web_search_tool_result", "text"][..])
    );
}
