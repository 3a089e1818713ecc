//! Every scenario as a client sees it.

use serde_json::{Value, json};

use super::super::{Anthropic, Reply, Scenario, Step, texts};
use super::{HttpAnswer, answer, ask, follow, start, with};

fn clock() -> Value {
    json!([{"name":"clock","input_schema":{"type":"object","required":["zone"],
        "properties":{"zone":{"type":"string"}}}}])
}

#[tokio::test]
async fn texts_stream_whole_and_equal_the_message_without_a_stream() {
    let api = start().await;
    for (text, said) in [
        ("hello\nthere", "You said: hello\nthere".to_owned()),
        ("Tell me a story", texts::STORY.to_owned()),
        ("!long", texts::long()),
        ("!code", texts::CODE.to_owned()),
        ("show me markdown", texts::TOUR.to_owned()),
        ("!unknown", "You said: !unknown".to_owned()),
        ("!remember", "I remember 1 messages:\nuser: !remember".to_owned()),
        ("!429 0", "You said: !429 0".to_owned()),
    ] {
        let streamed = answer(&api, &ask(text)).await;
        assert_eq!(streamed.said(), said, "{text}");
        let message = streamed.message();
        assert_eq!(message["stop_reason"], "end_turn", "{text}");
        let whole = answer(&api, &with(ask(text), "stream", json!(false))).await.json();
        assert_eq!(whole["content"], message["content"], "{text}");
        assert_eq!(whole["usage"]["output_tokens"], message["usage"]["output_tokens"], "{text}");
        assert_eq!(whole["usage"]["output_tokens"], said.len().div_ceil(4), "{text}");
    }
    assert_eq!(api.refusals().len(), 0);
}

#[tokio::test]
async fn stop_reasons() {
    let api = start().await;
    let tools = |text: &str| with(ask(text), "tools", clock());
    for (body, reason, kinds) in [
        (ask("!refuse"), "refusal", json!([])),
        (ask("!refuse midway"), "refusal", json!(["text"])),
        (ask("!max-tokens"), "max_tokens", json!(["text"])),
        (ask("!overflow"), "model_context_window_exceeded", json!(["text"])),
        (ask("!pause"), "pause_turn", json!(["text"])),
        (ask("!empty"), "end_turn", json!([])),
        (tools("!tool"), "tool_use", json!(["text", "tool_use"])),
        (tools("!broken-tool"), "max_tokens", json!(["tool_use"])),
        (ask("!tool"), "end_turn", json!(["text"])),
        (with(ask("!story"), "max_tokens", json!(10)), "max_tokens", json!(["text"])),
        (with(ask("!story"), "max_tokens", json!(0)), "max_tokens", json!([])),
        (with(ask("a STOP b"), "stop_sequences", json!(["STOP"])), "stop_sequence", json!(["text"])),
    ] {
        let message = answer(&api, &body).await.message();
        let found: Vec<&Value> = message["content"].as_array().unwrap().iter().map(|b| &b["type"]).collect();
        assert_eq!((&message["stop_reason"], json!(found)), (&json!(reason), kinds), "{body}");
        let refusal = message["stop_details"]["category"] == "general_harms";
        assert_eq!(refusal, reason == "refusal");
    }
}

#[tokio::test]
async fn thinking_shows_as_the_request_asks() {
    let api = start().await;
    let adaptive = |display: &str| json!({"type":"adaptive","display":display});
    for (model, thinking, kinds, visible) in [
        ("claude-sonnet-5-5", adaptive("summarized"), json!(["thinking", "text"]), true),
        ("claude-sonnet-5-5", adaptive("omitted"), json!(["thinking", "text"]), false),
        ("claude-sonnet-5-5", Value::Null, json!(["thinking", "text"]), false),
        ("claude-haiku-5-5", json!({"type":"disabled"}), json!(["text"]), false),
        ("claude-opus-4-8", Value::Null, json!(["text"]), false),
    ] {
        let body = with(with(ask("think about the sea"), "model", json!(model)), "thinking", thinking);
        let message = answer(&api, &body).await.message();
        let content = message["content"].as_array().unwrap();
        let found: Vec<&Value> = content.iter().map(|block| &block["type"]).collect();
        assert_eq!(json!(found), kinds, "{body}");
        assert_eq!(content[0]["thinking"].as_str().is_some_and(|text| !text.is_empty()), visible, "{body}");
        let thought = message["usage"]["output_tokens_details"]["thinking_tokens"].as_u64().unwrap();
        assert_eq!(thought > 0, found.len() == 2, "{body}");
        let again = follow(&body, &message, json!("thanks"));
        assert_eq!(answer(&api, &again).await.said(), "You said: thanks", "the signature is accepted");
    }
}

#[tokio::test]
async fn a_tool_loop_with_thinking() {
    let api = start().await;
    let first = with(ask("What time is it?"), "tools", clock());
    api.script(Reply::steps(vec![
        Step::Thinking("I need the clock.".to_owned()),
        Step::ToolUse { name: "clock".to_owned(), input: json!({"zone":"UTC"}) },
    ]));
    let message = answer(&api, &first).await.message();
    assert_eq!(message["stop_reason"], "tool_use");
    let call = &message["content"][1];
    assert_eq!(call["input"], json!({"zone":"UTC"}));
    let results = json!([{"type":"tool_result","tool_use_id":call["id"],"content":"noon"}]);
    let second = follow(&first, &message, results.clone());
    assert_eq!(answer(&api, &second).await.said(), "The tool clock says: noon");

    let mut altered = message.clone();
    altered["content"][0]["signature"] = json!("Erc0==");
    let mut edited = follow(&first, &message, results);
    edited["messages"][0]["content"] = json!("What day is it?");
    for (body, says) in [
        (
            follow(&first, &altered, json!([{"type":"tool_result","tool_use_id":call["id"]}])),
            "Invalid `signature`",
        ),
        (follow(&first, &message, json!("never mind")), "without `tool_result` blocks"),
        (edited, "bound to a different conversation"),
    ] {
        let refused = answer(&api, &body).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains(says), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_paused_turn_goes_on_when_sent_back_unchanged() {
    let api = start().await;
    for tools in [Value::Null, json!([{"type":"web_search_20260318","name":"web_search"}])] {
        let body = with(ask("!pause"), "tools", tools);
        let paused = answer(&api, &body).await.message();
        assert_eq!(paused["stop_reason"], "pause_turn");
        let resumed = answer(&api, &follow(&body, &paused, Value::Null)).await.message();
        assert_eq!(resumed["stop_reason"], "end_turn", "{resumed}");
        let mut changed = paused.clone();
        changed["content"][0]["text"] = json!("Something else.");
        let refused = answer(&api, &follow(&body, &changed, Value::Null)).await;
        assert!(refused.text.contains("prefill"), "{}", refused.text);
    }
}

#[tokio::test]
async fn http_faults_come_as_often_as_ordered() {
    let api = start().await;
    for (text, status, kind, times) in [
        ("!429", 429, "rate_limit_error", 1),
        ("!429-spend", 429, "rate_limit_error", 3),
        ("!529", 529, "overloaded_error", 2),
        ("!500", 500, "api_error", 1),
        ("!too-long", 400, "invalid_request_error", 3),
    ] {
        for attempt in 0..3 {
            let found = answer(&api, &ask(text)).await;
            if attempt >= times {
                assert_eq!(found.said(), format!("You said: {text}"));
                continue;
            }
            assert_eq!((found.status, &found.json()["error"]["type"]), (status, &json!(kind)), "{text}");
            assert_eq!(found.headers.contains_key("retry-after"), text == "!429", "{text}");
            let code = &found.json()["error"]["details"]["error_code"];
            assert_eq!(code.is_string(), text == "!429-spend", "{text}");
        }
    }
    assert_eq!(api.refusals().len(), 0, "faults on order break no rule");
}

#[tokio::test]
async fn broken_streams() {
    let api = start().await;
    let has = |answer: &HttpAnswer, kind: &str| answer.events().iter().any(|event| event["type"] == kind);
    let cut = answer(&api, &ask("!cut")).await;
    assert!(cut.broken && !has(&cut, "message_stop") && !cut.said().is_empty());
    let error = answer(&api, &ask("!error")).await;
    assert!(!error.broken && !has(&error, "message_stop") && !error.said().is_empty());
    assert_eq!(error.events().last().unwrap()["error"]["type"], "overloaded_error");
    let first = answer(&api, &ask("!error-first")).await;
    assert!(has(&first, "error") && !has(&first, "content_block_start"));
    assert_eq!(answer(&api, &ask("!error-first")).await.said(), "You said: !error-first");
    let whole = answer(&api, &with(ask("!error"), "stream", json!(false))).await;
    assert_eq!((whole.status, &whole.json()["error"]["type"]), (529, &json!("overloaded_error")));
}

#[tokio::test]
async fn continue_completes_what_was_cut() {
    let api = start().await;
    let body = with(ask("Tell me a story"), "max_tokens", json!(100));
    let first = answer(&api, &body).await;
    assert_eq!(first.said().len(), 400);
    let body = with(follow(&body, &first.message(), json!("Please continue.")), "max_tokens", json!(8000));
    assert_eq!(first.said() + &answer(&api, &body).await.said(), texts::STORY);
}

#[tokio::test]
async fn scripts_come_before_words() {
    let api = start().await;
    api.script(Reply::text("first"));
    api.script(Reply::scenario(Scenario::Story));
    api.script(Reply::status(529, "overloaded_error"));
    api.script(Reply::status(429, "rate_limit_error").retry_after(7));
    api.script_for("special", Reply::text("chosen"));
    assert_eq!(answer(&api, &ask("!story")).await.said(), "first");
    assert_eq!(answer(&api, &ask("a special text")).await.said(), "chosen");
    assert_eq!(answer(&api, &ask("a special text")).await.said(), texts::STORY);
    assert_eq!(answer(&api, &ask("x")).await.status, 529);
    assert_eq!(answer(&api, &ask("x")).await.headers["retry-after"], "7");
    api.set_default(Scenario::Code);
    assert_eq!(answer(&api, &ask("x")).await.said(), texts::CODE);
}

#[tokio::test]
async fn the_prompt_cache_shows_in_the_usage() {
    let api = start().await;
    let body = with(
        ask("hi"),
        "system",
        json!([{"type":"text","text":"rule ".repeat(1000),
        "cache_control":{"type":"ephemeral"}}]),
    );
    let usage = |api: &Anthropic| {
        let (api, body) = (api.clone(), body.clone());
        async move {
            let usage = answer(&api, &body).await.message()["usage"].clone();
            ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]
                .map(|name| usage[name].as_u64().unwrap())
        }
    };
    assert_eq!(usage(&api).await, [5, 1258, 0]);
    assert_eq!(usage(&api).await, [5, 0, 1258]);
    api.age_prompt_cache(std::time::Duration::from_mins(6));
    assert_eq!(usage(&api).await, [5, 1258, 0]);
}

#[tokio::test]
async fn an_author_answers_what_no_script_does_however_often_it_comes() {
    let api = start().await;
    api.set_author(|asked| asked.text.contains("number").then(|| Reply::text(format!("<{}>", asked.text))));
    api.script_for("number 2", Reply::text("two"));
    for (text, said) in [
        ("number 1", "<number 1>"),
        ("number 1", "<number 1>"),
        ("number 2", "two"),
        ("number 2", "<number 2>"),
        ("hello", "You said: hello"),
    ] {
        assert_eq!(answer(&api, &ask(text)).await.said(), said, "{text}");
    }
}
