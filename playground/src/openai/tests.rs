//! The emulator over HTTP: what it answers, what it refuses, how faults look from outside.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::{ApiError, OpenAi, Outcome, Reply, Settings, Usage};
use crate::anthropic::Gate;
use crate::samples;

/// Longest wait for anything that must happen.
const BOUND: Duration = Duration::from_secs(10);

fn file(name: &str, bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name(name.to_owned()).mime_str("audio/ogg").unwrap()
}

fn note(name: &str, bytes: Vec<u8>) -> Form {
    Form::new().text("model", "gpt-transcribe").part("file", file(name, bytes))
}

async fn send(openai: &OpenAi, key: Option<&str>, form: Form) -> reqwest::Result<reqwest::Response> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.post(format!("{}/audio/transcriptions", openai.url())).multipart(form);
    match key {
        Some(key) => request.bearer_auth(key).send().await,
        None => request.send().await,
    }
}

async fn start() -> OpenAi {
    OpenAi::start(Settings::default()).await.unwrap()
}

/// The answer to a voice note of three seconds.
async fn ask(openai: &OpenAi) -> reqwest::Result<(u16, String)> {
    let response = send(openai, Some("sk-test"), note("voice.ogg", samples::ogg(3))).await?;
    Ok((response.status().as_u16(), response.text().await?))
}

async fn heard(openai: &OpenAi) -> Value {
    let (status, body) = ask(openai).await.unwrap();
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn a_transcript_has_text_languages_and_duration() {
    let openai = start().await;
    let usual = heard(&openai).await;
    let expected = json!({"text": "This is what you hear in a recording of 3 seconds.", "languages": ["en"],
        "usage": {"type": "duration", "seconds": 3}});
    assert_eq!(usual, expected);
    openai.script(Reply::text("Привет").languages(&["ru"]).usage(Usage::Seconds(2.5)));
    let scripted = heard(&openai).await;
    let usage = json!({"type": "duration", "seconds": 2.5});
    assert_eq!(scripted, json!({"text": "Привет", "languages": ["ru"], "usage": usage}));
    openai.script(Reply::text("").languages(&[]).usage(Usage::Missing));
    assert_eq!(heard(&openai).await, json!({"text": ""}));
    openai.script(Reply::text("x").languages(&[]).usage(Usage::Null));
    assert_eq!(heard(&openai).await, json!({"text": "x", "usage": null}));
    openai.script(Reply::text("x").usage(Usage::Tokens { audio: 30, text: 2, output: 5 }));
    assert_eq!(heard(&openai).await["usage"]["total_tokens"], json!(37));
    openai.set_author(|request| (request.size > 10).then(|| Reply::text(request.file_name.clone())));
    assert_eq!(heard(&openai).await["text"], json!("voice.ogg"));
    let form = note("a.OGG", samples::ogg(1)).text("languages[]", "de").text("languages[]", "ru");
    openai.set_author(|_| None);
    let answer: Value = send(&openai, Some("sk-test"), form).await.unwrap().json().await.unwrap();
    let expected = json!("This is what you hear in a recording of 1 second.");
    assert_eq!((&answer["languages"], &answer["text"]), (&json!(["de"]), &expected));
    let seen = openai.requests().pop().unwrap();
    assert_eq!(seen.values("languages[]").collect::<Vec<_>>(), ["de", "ru"]);
    assert_eq!((seen.field("model"), seen.mime.as_str()), (Some("gpt-transcribe"), "audio/ogg"));
    assert_eq!((seen.size, seen.seconds, &seen.bytes[..4]), (samples::ogg(1).len(), Some(1.0), &b"OggS"[..]));
    assert_eq!(seen.headers["authorization"], "Bearer sk-test");
    assert!(openai.refusals().is_empty());
}

#[tokio::test]
async fn what_the_service_refuses() {
    let openai = start().await;
    let ogg = || samples::ogg(1);
    let with = |name: &'static str, value: &'static str| note("a.ogg", ogg()).text(name, value);
    let model = |name: &'static str| Form::new().text("model", name).part("file", file("a.ogg", ogg()));
    for (form, status, code, sentence) in [
        (Form::new().part("file", file("a.ogg", ogg())), 400, "missing_required_parameter", "'model'"),
        (Form::new().text("model", "gpt-transcribe"), 400, "missing_required_parameter", "'file'"),
        (model("gpt-6"), 404, "model_not_found", "The model `gpt-6` does not exist"),
        (model("whisper-1").text("keywords[]", "a"), 400, "unsupported_parameter", "keywords[]"),
        (note("voice.oga", ogg()), 400, "", "Invalid file format. Supported formats: ['flac', 'm4a', "),
        (note("voice", ogg()), 400, "", "Invalid file format"),
        (note("a.ogg", Vec::new()), 400, "invalid_value", "corrupted or unsupported"),
        (note("a.ogg", b"this is no sound".to_vec()), 400, "invalid_value", "corrupted or unsupported"),
        (note("a.ogg", ogg()[..20].to_vec()), 400, "invalid_value", "corrupted or unsupported"),
        (note("a.mp4", samples::silent_mp4(3)), 400, "invalid_value", "corrupted or unsupported"),
        (note("a.ogg", samples::ogg(0)), 400, "audio_too_short", "too short"),
        (note("a.wav", samples::wav(3_300)), 413, "", "Maximum content size limit (26214400) exceeded"),
        (with("language", "english"), 400, "invalid_language_format", "ISO-639-1"),
        (with("response_format", "srt"), 400, "unsupported_value", "not compatible"),
        (with("stream", "true"), 400, "unsupported_value", "stream"),
        (with("temperature", "hot"), 400, "invalid_value", "temperature"),
        (with("lang", "en"), 400, "unknown_parameter", "Unknown parameter: 'lang'."),
        (
            with("model", "gpt-transcribe").part("file", file("b.ogg", ogg())),
            400,
            "invalid_value",
            "one file",
        ),
        (
            Form::new().text("model", "gpt-transcribe").text("file", "x"),
            400,
            "invalid_type",
            "expected a file",
        ),
    ] {
        let response = send(&openai, Some("sk-test"), form).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{sentence}");
        let error = response.json::<Value>().await.unwrap()["error"].clone();
        assert_eq!(error["type"], json!("invalid_request_error"), "{error}");
        assert_eq!(error["code"].as_str().unwrap_or_default(), code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(sentence), "{error}");
    }
    for (key, code) in [(None, Value::Null), (Some("wrong"), json!("invalid_api_key"))] {
        let response = send(&openai, key, note("a.ogg", ogg())).await.unwrap();
        assert_eq!(response.status().as_u16(), 401);
        assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], code);
    }
    let elsewhere = reqwest::Client::builder().no_proxy().build().unwrap();
    let elsewhere = elsewhere.get(format!("{}/models", openai.url())).send().await.unwrap();
    assert_eq!(elsewhere.status().as_u16(), 404);
    assert_eq!((openai.requests().len(), openai.refusals().len()), (22, 22));
    let (largest, long) = (samples::wav(3_276), samples::wav(3_300).len());
    assert_eq!(openai.requests()[11].size, long);
    let most = send(&openai, Some("sk-test"), note("a.wav", largest)).await.unwrap();
    assert_eq!(most.status().as_u16(), 200);
}

#[tokio::test]
async fn faults_happen_on_order() {
    let openai = start().await;
    for (error, status, code) in [
        (ApiError::server(), 500, Value::Null),
        (ApiError::overloaded(), 503, json!("server_is_overloaded")),
        (ApiError::quota(), 429, json!("insufficient_quota")),
        (ApiError::unauthorized(), 401, json!("invalid_api_key")),
    ] {
        openai.script(Reply::error(error));
        let (seen, body) = ask(&openai).await.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((seen, &body["error"]["code"]), (status, &code));
    }
    openai.script(Reply::error(ApiError::rate_limited(7)));
    let limited = send(&openai, Some("sk-test"), note("a.ogg", samples::ogg(1))).await.unwrap();
    assert_eq!(limited.status().as_u16(), 429);
    assert_eq!(limited.headers()["retry-after"], "7");
    openai.script(Reply::raw(200, "{\"text\": "));
    assert_eq!(ask(&openai).await.unwrap(), (200, "{\"text\": ".to_owned()));
    openai.script_times(2, &Reply::cut());
    openai.script(Reply::cut_midway());
    for _ in 0..3 {
        assert!(ask(&openai).await.is_err());
    }
    let outcomes: Vec<Outcome> = openai.requests().into_iter().map(|request| request.outcome).collect();
    assert!(matches!(outcomes[..5], [Outcome::Failed(500, _), _, _, _, Outcome::Failed(429, _)]));
    assert_eq!(outcomes[5..], [Outcome::Finished, Outcome::Cut, Outcome::Cut, Outcome::Cut]);
    assert!(openai.refusals().is_empty());
}

#[tokio::test]
async fn answers_wait_for_the_test_and_clients_may_leave() {
    let openai = start().await;
    let (gate, keeper) = Gate::new();
    openai.script(Reply::text("late").held(gate).after(Duration::from_millis(1)));
    let watch = async {
        keeper.reached().await;
        assert_eq!(openai.requests()[0].outcome, Outcome::Open);
        keeper.open();
    };
    let (answer, ()) =
        tokio::time::timeout(BOUND, async { tokio::join!(heard(&openai), watch) }).await.unwrap();
    assert_eq!(answer["text"], json!("late"));

    openai.script(Reply::hang());
    let asking = tokio::spawn({
        let openai = openai.clone();
        async move { ask(&openai).await }
    });
    openai.until("the second request", BOUND, |all| all.get(1).map(|_| ())).await.unwrap();
    asking.abort();
    let left = |all: &[super::Request]| (all[1].outcome == Outcome::ClosedByClient).then_some(());
    openai.until("the client left", BOUND, left).await.unwrap();

    openai.script(Reply::hang());
    let asking = async { ask(&openai).await.is_err() };
    let stopping = async {
        openai.until("the third request", BOUND, |all| all.get(2).map(|_| ())).await.unwrap();
        openai.stop().await;
    };
    assert!(tokio::join!(asking, stopping).0);
    assert_eq!(openai.requests()[2].outcome, Outcome::Cut);
}
