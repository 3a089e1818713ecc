//! Every row of every table over HTTP, and the refusals that concern headers, bodies and paths.

use serde_json::{Value, json};

use super::super::validate::testing;
use super::super::{Endpoint, Outcome};
use super::{HttpAnswer, ask, post, start};

/// The shape that every error answer has.
fn sentence(answer: &HttpAnswer, kind: &str) -> String {
    let body = answer.json();
    assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!(kind)), "{body}");
    assert_eq!(body["request_id"], answer.headers["request-id"].to_str().unwrap());
    body["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_table_row() {
    let api = start().await;
    testing::stock(&mut api.core.files.lock());
    let client = reqwest::Client::new();
    for case in testing::all() {
        let request = client
            .post(format!("{}/v1/messages", api.url()))
            .header("x-api-key", "sk-ant-test")
            .header("anthropic-version", case.version)
            .json(&case.body);
        let answer = HttpAnswer::to(request).await;
        assert_eq!(answer.status, case.status, "{}: {}", case.name, answer.text);
        if case.status == 200 {
            assert_eq!(answer.json()["type"], "message", "{}", case.name);
            continue;
        }
        let kind = if case.status == 404 { "not_found_error" } else { "invalid_request_error" };
        let says = sentence(&answer, kind);
        assert!(says.contains(case.says), "{}: {says:?} lacks {:?}", case.name, case.says);
        let last = api.refusals().pop().unwrap();
        assert_eq!(last.outcome, Outcome::Refused(case.status, says), "{}", case.name);
    }
    assert_eq!(api.refusals().len() + api.accepted().len(), api.requests().len());
}

#[tokio::test]
async fn headers_and_bodies() {
    let api = start().await;
    let good = ask("hi").to_string();
    let large = format!("{{\"model\":\"{}\"}}", "a".repeat(33 * 1024 * 1024));
    let (key, version, json) = (
        ("x-api-key", "sk-ant-playground"),
        ("anthropic-version", "2026-10-21"),
        ("content-type", "application/json"),
    );
    for (name, headers, body, status, kind, says) in [
        ("no key", vec![version, json], &good, 401, "authentication_error", "x-api-key header is required"),
        (
            "wrong key",
            vec![("x-api-key", "no"), version, json],
            &good,
            401,
            "authentication_error",
            "invalid",
        ),
        ("no version", vec![key, json], &good, 400, "invalid_request_error", "header is required"),
        (
            "other version",
            vec![key, ("anthropic-version", "2027-01-01"), json],
            &good,
            400,
            "invalid_request_error",
            "\"2027-01-01\" is not a valid version",
        ),
        (
            "form",
            vec![key, version, ("content-type", "text/plain")],
            &good,
            400,
            "invalid_request_error",
            "content-type",
        ),
        (
            "no JSON",
            vec![key, version, json],
            &"{".to_owned(),
            400,
            "invalid_request_error",
            "not valid JSON",
        ),
        (
            "no object",
            vec![key, version, json],
            &"[]".to_owned(),
            400,
            "invalid_request_error",
            "JSON object",
        ),
        ("too large", vec![key, version, json], &large, 413, "request_too_large", "maximum size"),
    ] {
        let mut request =
            reqwest::Client::new().post(format!("{}/v1/messages", api.url())).body(body.clone());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = HttpAnswer::to(request).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        let found = sentence(&answer, kind);
        assert!(found.contains(says), "{name}: {found}");
    }
    assert_eq!(api.refusals().len(), 8);
    assert_eq!(api.accepted().len(), 0);
}

#[tokio::test]
async fn a_bearer_token_is_a_key() {
    let api = start().await;
    let request = reqwest::Client::new()
        .post(format!("{}/v1/messages", api.url()))
        .bearer_auth("sk-ant-playground")
        .header("anthropic-version", "2023-06-01")
        .json(&super::with(ask("hi"), "stream", json!(false)));
    assert_eq!(HttpAnswer::to(request).await.json()["content"][0]["text"], "You said: hi");
}

#[tokio::test]
async fn counting_takes_no_limit_and_no_stream() {
    let api = start().await;
    let body = json!({"model":"claude-sonnet-5-5","messages":[{"role":"user","content":"12345678"}]});
    let counted = HttpAnswer::to(post(&api, "/v1/messages/count_tokens", &body)).await;
    assert_eq!((counted.status, counted.json()), (200, json!({"input_tokens": 14})));
    for field in ["max_tokens", "stream"] {
        let body = super::with(body.clone(), field, json!(1));
        let refused = HttpAnswer::to(post(&api, "/v1/messages/count_tokens", &body)).await;
        assert_eq!(
            sentence(&refused, "invalid_request_error"),
            format!("{field}: Extra inputs are not permitted")
        );
    }
    let endpoints: Vec<Endpoint> = api.requests().iter().map(|request| request.endpoint).collect();
    assert_eq!(endpoints, [Endpoint::CountTokens; 3]);
}

#[tokio::test]
async fn models_and_unknown_paths() {
    let api = start().await;
    let get = |path: &str| {
        let request = reqwest::Client::new().get(format!("{}{path}", api.url()));
        HttpAnswer::to(request.header("x-api-key", "sk-ant-a").header("anthropic-version", "2026-10-21"))
    };
    let first = get("/v1/models?limit=2").await.json();
    assert_eq!((&first["has_more"], first["data"].as_array().unwrap().len()), (&json!(true), 2));
    let after = first["last_id"].as_str().unwrap();
    let rest = get(&format!("/v1/models?limit=100&after_id={after}")).await.json();
    let ids: Vec<&Value> =
        [&first, &rest].into_iter().flat_map(|page| page["data"].as_array().unwrap()).collect();
    assert_eq!(ids.len(), super::super::models::MODELS.len());
    let opus = get("/v1/models/claude-opus-5-5").await.json();
    assert_eq!(opus["capabilities"]["effort"]["xhigh"]["supported"], true);
    assert_eq!(opus["max_tokens"], 128_000);
    for (path, status) in [("/v1/models/none", 404), ("/v2/models", 404), ("/v1/messages", 405)] {
        assert_eq!(get(path).await.status, status, "{path}");
    }
    let no_key = HttpAnswer::to(reqwest::Client::new().get(format!("{}/v1/models", api.url()))).await;
    assert_eq!(no_key.status, 401);
}

#[tokio::test]
async fn a_prompt_beyond_the_window_is_too_long() {
    let api = start().await;
    let body = super::with(ask(&"word ".repeat(200_000)), "model", json!("claude-haiku-4-5"));
    let answer = super::answer(&api, &body).await;
    let says = sentence(&answer, "invalid_request_error");
    assert_eq!(says, "prompt is too long: 250012 tokens > 200000 maximum");
}
