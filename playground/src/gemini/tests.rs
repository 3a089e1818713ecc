//! The emulator over HTTP: what it paints, what it refuses, how faults look from outside.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{GenericImageView as _, ImageFormat};
use serde_json::{Value, json};

use super::{ApiError, Gemini, Outcome, Reply, Request, Settings, Usage};
use crate::anthropic::Gate;
use crate::samples;

/// Longest wait for anything that must happen.
const BOUND: Duration = Duration::from_secs(30);
const DRAW: &str = "models/gemini-3-pro-image:generateContent";

async fn start() -> Gemini {
    Gemini::start(Settings::default()).await.unwrap()
}

fn wish(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"imageSize": "1K"}}})
}

async fn send(gemini: &Gemini, method: &str, body: &Value) -> reqwest::Result<(u16, Value)> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.post(format!("{}/{method}", gemini.url())).header("x-goog-api-key", "AIza-test");
    let response = request.json(body).send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or_default()))
}

async fn drawn(gemini: &Gemini, body: &Value) -> Value {
    let (status, answer) = send(gemini, DRAW, body).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

fn picture(answer: &Value, part: usize) -> (String, Vec<u8>) {
    let inline = &answer["candidates"][0]["content"]["parts"][part]["inlineData"];
    let bytes = STANDARD.decode(inline["data"].as_str().unwrap()).unwrap();
    (inline["mimeType"].as_str().unwrap().to_owned(), bytes)
}

#[tokio::test]
async fn a_picture_has_the_pixels_that_were_asked_for_and_depends_on_the_prompt() {
    let gemini = start().await;
    for (shape, sides) in [
        (json!({"imageSize": "1K"}), (1024, 1024)),
        (json!({"imageSize": "2K", "aspectRatio": "16:9"}), (2752, 1536)),
        (json!({"imageSize": "4K", "aspectRatio": "21:9"}), (6336, 2688)),
        (json!({"aspectRatio": "2:3"}), (848, 1264)),
    ] {
        let mut body = wish("a cat");
        body["generationConfig"]["imageConfig"] = shape.clone();
        let (mime, bytes) = picture(&drawn(&gemini, &body).await, 0);
        let decoded = image::load_from_memory_with_format(&bytes, ImageFormat::Png).unwrap();
        assert_eq!((mime.as_str(), decoded.dimensions()), ("image/png", sides), "{shape}");
    }
    let (cat, dog) = (drawn(&gemini, &wish("a cat")).await, drawn(&gemini, &wish("a dog")).await);
    assert_eq!(picture(&cat, 0), picture(&drawn(&gemini, &wish("a cat")).await, 0));
    assert_ne!(picture(&cat, 0).1, picture(&dog, 0).1);
    assert_eq!(cat["candidates"][0]["finishReason"], "STOP");
    let usage = json!({"promptTokenCount": 2, "candidatesTokenCount": 1_120, "thoughtsTokenCount": 150,
        "totalTokenCount": 1_272, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1_120}]});
    assert_eq!(cat["usageMetadata"], usage);
    assert!(gemini.refusals().is_empty());
}

#[tokio::test]
async fn an_edited_picture_shows_its_source() {
    let gemini = start().await;
    let mut body = wish("a frame around it");
    let source =
        json!({"inlineData": {"mimeType": "image/png", "data": STANDARD.encode(samples::png(300, 200))}});
    body["contents"][0]["parts"].as_array_mut().unwrap().push(source);
    let answer = drawn(&gemini, &body).await;
    let edited = image::load_from_memory(&picture(&answer, 0).1).unwrap();
    assert_eq!(edited.dimensions(), (1264, 848), "the shape of the source");
    assert_eq!(edited.get_pixel(632, 424).0[..3], [0, 0, 0], "the black source in the middle");
    assert_ne!(edited.get_pixel(2, 2).0[..3], [0, 0, 0], "the frame");
    assert_eq!(answer["usageMetadata"]["promptTokenCount"], json!(565));
    let seen: Request = gemini.requests().pop().unwrap();
    assert_eq!((seen.prompt().as_str(), seen.sources()[0].0.as_str()), ("a frame around it", "image/png"));
}

#[tokio::test]
async fn what_the_service_refuses() {
    let gemini = start().await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = wish("a cat");
        change(&mut body);
        body
    };
    let part =
        |part: Value| with(&|body| body["contents"][0]["parts"].as_array_mut().unwrap().push(part.clone()));
    let image = |mime: &str, bytes: &[u8]| {
        part(json!({"inlineData": {"mimeType": mime, "data": STANDARD.encode(bytes)}}))
    };
    let png = samples::png(8, 8);
    let many = with(&|body| {
        let one = json!({"inlineData": {"mimeType": "image/png", "data": STANDARD.encode(&png)}});
        body["contents"][0]["parts"].as_array_mut().unwrap().extend(vec![one; 15]);
    });
    for (body, sentence) in [
        (json!([]), "Invalid value"),
        (json!({}), "contents is not specified"),
        (with(&|body| body["prompt"] = json!("x")), "Unknown name \"prompt\": Cannot find field."),
        (with(&|body| body["contents"][0]["role"] = json!("assistant")), "valid role: user, model"),
        (with(&|body| body["contents"][0]["role"] = json!("model")), "end with a user role"),
        (with(&|body| body["contents"][0]["parts"] = json!([])), "must not be empty"),
        (with(&|body| body["contents"][0]["parts"] = json!([{"text": " "}])), "no text"),
        (part(json!({})), "oneof field 'data'"),
        (part(json!({"text": "a", "inlineData": {}})), "oneof field 'data'"),
        (part(json!({"inline_data": {}})), "Unsupported MIME type"),
        (part(json!({"inlinedata": {}})), "Unknown name \"inlinedata\""),
        (image("image/gif", &samples::gif(2, 2)), "Unsupported MIME type: image/gif"),
        (image("image/jpeg", &png), "Provided image is not valid."),
        (part(json!({"inlineData": {"mimeType": "image/png", "data": "%"}})), "Base64 decoding failed"),
        (many, "at most 14 images, got 15"),
        (part(json!({"text": "x".repeat(21_000_000)})), "payload size exceeds the limit: 20971520"),
        (with(&|body| body["generationConfig"]["imageConfig"]["imageSize"] = json!("8K")), "image size: 8K"),
        (with(&|body| body["generationConfig"]["imageConfig"]["aspectRatio"] = json!("7:5")), "ratio: 7:5"),
        (
            with(&|body| body["generationConfig"]["imageConfig"]["personGeneration"] = json!("ALLOW_ALL")),
            "Unknown name \"personGeneration\" at 'generation_config.image_config'",
        ),
        (with(&|body| body["generationConfig"]["responseModalities"] = json!(["AUDIO"])), "modalities"),
        (with(&|body| body["generationConfig"]["responseModalities"] = json!(["TEXT"])), "combination"),
        (with(&|body| body["tools"] = json!([{"codeExecution": {}}])), "Unknown name \"codeExecution\""),
    ] {
        let (status, answer) = send(&gemini, DRAW, &body).await.unwrap();
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(
            (status, answer["error"]["status"].as_str()),
            (400, Some("INVALID_ARGUMENT")),
            "{sentence}"
        );
        assert!(message.contains(sentence), "{message} for {sentence}");
    }
    for method in
        ["models/gemini-9:generateContent", "models/gemini-3-pro-image:draw", "models/gemini-3-pro-image"]
    {
        assert_eq!(send(&gemini, method, &wish("x")).await.unwrap().0, 404, "{method}");
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (key, status) in [(None, 403), (Some("wrong"), 400)] {
        let mut request = client.post(format!("{}/{DRAW}?key=AIza-test", gemini.url())).json(&wish("a cat"));
        if let Some(key) = key {
            request = request.header("x-goog-api-key", key);
        }
        assert_eq!(request.send().await.unwrap().status().as_u16(), status);
    }
    assert_eq!(gemini.refusals().len(), 27);
    assert_eq!(gemini.requests().pop().unwrap().query, "key=AIza-test");
}

#[tokio::test]
async fn refusals_and_faults_happen_on_order() {
    let gemini = start().await;
    let ask = async |reply: Reply| {
        gemini.script(reply);
        drawn(&gemini, &wish("a cat")).await
    };
    let refused = ask(Reply::refused("IMAGE_SAFETY")).await;
    assert_eq!(refused["candidates"], json!([{"finishReason": "IMAGE_SAFETY", "index": 0}]));
    let blocked = ask(Reply::blocked("OTHER")).await;
    assert_eq!(blocked["promptFeedback"], json!({"blockReason": "OTHER"}));
    assert_eq!(blocked["usageMetadata"], json!({"promptTokenCount": 2, "totalTokenCount": 2}));
    let words = ask(Reply::words("No.").usage(Usage::WithoutDetails)).await;
    assert_eq!(words["candidates"][0]["content"]["parts"], json!([{"text": "No."}]));
    assert!(words["usageMetadata"].get("candidatesTokensDetails").is_none());
    assert!(ask(Reply::picture().usage(Usage::Missing)).await.get("usageMetadata").is_none());
    let two = ask(Reply::pictures(2).with_thoughts().jpeg()).await;
    let parts = two["candidates"][0]["content"]["parts"].as_array().unwrap();
    assert_eq!((parts.len(), &parts[1]["thought"], parts[2].get("thought")), (4, &json!(true), None));
    assert_eq!((picture(&two, 2).0.as_str(), &picture(&two, 3).1[..3]), ("image/jpeg", &b"\xff\xd8\xff"[..]));
    for (error, status) in [
        (ApiError::internal(), 500),
        (ApiError::overloaded(), 503),
        (ApiError::rate_limited("46s"), 429),
        (ApiError::quota_of_the_day(), 429),
    ] {
        gemini.script(Reply::error(error));
        let (seen, body) = send(&gemini, DRAW, &wish("a cat")).await.unwrap();
        assert_eq!((seen, body["error"]["code"].as_u64()), (status, Some(u64::from(status))));
    }
    gemini.script_times(2, &Reply::cut());
    gemini.script(Reply::cut_midway());
    for _ in 0..3 {
        assert!(send(&gemini, DRAW, &wish("a cat")).await.is_err());
    }
    for (words, end) in
        [("forbidden", "IMAGE_SAFETY"), ("please recite", "IMAGE_RECITATION"), ("words only", "STOP")]
    {
        assert_eq!(drawn(&gemini, &wish(words)).await["candidates"][0]["finishReason"], end);
    }
    let mut grounded = wish("the weather");
    grounded["tools"] = json!([{"googleSearch": {}}]);
    let grounded = drawn(&gemini, &grounded).await;
    assert_eq!(grounded["candidates"][0]["groundingMetadata"]["webSearchQueries"], json!(["the weather"]));
    assert_eq!(grounded["usageMetadata"]["toolUsePromptTokenCount"], json!(90));
    assert!(gemini.refusals().is_empty());
}

#[tokio::test]
async fn answers_wait_for_the_test_and_clients_may_leave() {
    let gemini = start().await;
    let (gate, keeper) = Gate::new();
    gemini.script(Reply::picture().held(gate).after(Duration::from_millis(1)));
    let watch = async {
        keeper.reached().await;
        assert_eq!(gemini.requests()[0].outcome, Outcome::Open);
        keeper.open();
    };
    let body = wish("a cat");
    let both = async { tokio::join!(drawn(&gemini, &body), watch) };
    tokio::time::timeout(BOUND, both).await.unwrap();

    gemini.script(Reply::hang());
    let asking = tokio::spawn({
        let gemini = gemini.clone();
        async move { send(&gemini, DRAW, &wish("a cat")).await }
    });
    gemini.until("the second request", BOUND, |all| all.get(1).map(|_| ())).await.unwrap();
    asking.abort();
    let left = |all: &[Request]| (all[1].outcome == Outcome::ClosedByClient).then_some(());
    gemini.until("the client left", BOUND, left).await.unwrap();
}
