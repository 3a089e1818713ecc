//! Answers of the image model: complete, refused, odd and broken.

use serde_json::json;

use super::*;

const PROMPT: Usage = Usage {
    input: 9,
    cache_write_5m: 0,
    cache_write_1h: 0,
    cache_read: 0,
    output: 0,
    thinking: 0,
    image_output: 0,
    web_searches: 0,
    seconds: rust_decimal::Decimal::ZERO,
};

fn of(answer: &Value) -> Drawing {
    read(answer.to_string().as_bytes(), PROMPT, Size::TwoK).unwrap()
}

fn picture(data: &str) -> Value {
    json!({"inlineData": {"mimeType": "image/png", "data": data}, "thoughtSignature": "c2ln"})
}

fn answer(parts: &Value, end: &str) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": end, "index": 0}]})
}

#[test]
fn a_picture_comes_with_words_and_without_drafts() {
    let draft = json!({"thought": true, "inlineData": {"mimeType": "image/png", "data": "AAAA"}});
    let thought = json!({"thought": true, "text": "Thinking of a cat"});
    let parts = json!([thought, draft, {"text": "Here is "}, picture("aGk="), {"text": "a cat. \n"}, picture("aG8"), picture("-_8=")]);
    let drawing = of(&answer(&parts, "STOP"));
    let contents: Vec<&[u8]> = drawing.pictures.iter().map(|picture| &picture.bytes[..]).collect();
    assert_eq!(contents, [&b"hi"[..], b"ho", b"\xfb\xff"]);
    assert_eq!((drawing.text.as_str(), drawing.missing), ("Here is a cat.", None));
}

#[test]
fn every_refusal_has_its_reason() {
    for (reason, missing) in [
        ("SAFETY", NoPicture::Policy),
        ("IMAGE_SAFETY", NoPicture::Policy),
        ("PROHIBITED_CONTENT", NoPicture::Policy),
        ("IMAGE_PROHIBITED_CONTENT", NoPicture::Policy),
        ("RECITATION", NoPicture::Recitation),
        ("IMAGE_RECITATION", NoPicture::Recitation),
        ("MAX_TOKENS", NoPicture::TooLong),
        ("NO_IMAGE", NoPicture::WordsOnly),
        ("IMAGE_OTHER", NoPicture::WordsOnly),
        ("OF_TOMORROW", NoPicture::WordsOnly),
        ("STOP", NoPicture::WordsOnly),
    ] {
        let drawing = of(&json!({"candidates": [{"finishReason": reason}]}));
        assert_eq!((drawing.pictures.len(), drawing.missing), (0, Some(missing)), "{reason}");
    }
    for (reason, missing) in [
        ("PROHIBITED_CONTENT", NoPicture::Policy),
        ("BLOCKLIST", NoPicture::Policy),
        ("OTHER", NoPicture::WordsOnly),
    ] {
        let drawing = of(&json!({"promptFeedback": {"blockReason": reason},
            "usageMetadata": {"promptTokenCount": 12, "totalTokenCount": 12}}));
        assert_eq!(drawing.missing, Some(missing), "{reason}");
        assert_eq!((drawing.usage, drawing.estimated), (Usage { input: 12, ..Usage::default() }, false));
    }
    // Some pictures are there, others were held back.
    let partly = of(&answer(&json!([picture("aGk=")]), "IMAGE_SAFETY"));
    assert_eq!((partly.pictures.len(), partly.missing), (1, Some(NoPicture::Policy)));
}

#[test]
fn odd_answers_are_read_as_far_as_they_can_be() {
    let broken = answer(&json!([picture("%%%"), {"inlineData": 7}, 5, null]), "STOP");
    assert_eq!(of(&broken).missing, Some(NoPicture::Broken));
    for mime in ["audio/wav", "image/", "image/png\r\nx: y", "image/png; a=b", ""] {
        let other = answer(&json!([{"inlineData": {"mimeType": mime, "data": "aGk="}}]), "STOP");
        assert_eq!(of(&other).missing, Some(NoPicture::Broken), "{mime}");
    }
    for odd in [json!({}), json!({"candidates": null}), json!({"candidates": [], "promptFeedback": 1})] {
        assert_eq!(of(&odd).missing, Some(NoPicture::WordsOnly), "{odd}");
    }
    let mut new = answer(&json!([picture("aGk=")]), "STOP");
    new["responseId"] = json!("abc");
    new["modelStatus"] = json!({"modelStage": "STABLE"});
    assert_eq!(of(&new).request_id.as_deref(), Some("abc"));
    for body in ["", "{", "[]", "null", "\"x\""] {
        assert!(matches!(read(body.as_bytes(), PROMPT, Size::OneK), Err(LlmError::BrokenOff)), "{body}");
    }
}

#[test]
fn usage_is_what_the_answer_says_or_an_estimate() {
    let with = |usage: Value| {
        let mut answer = answer(&json!([picture("aGk=")]), "STOP");
        answer["usageMetadata"] = usage;
        let drawing = of(&answer);
        let Usage { input, cache_read, output, thinking, image_output, .. } = drawing.usage;
        (input, cache_read, output, thinking, image_output, drawing.estimated)
    };
    let image = json!([{"modality": "IMAGE", "tokenCount": 1_120}]);
    let whole = json!({"promptTokenCount": 578, "candidatesTokenCount": 1_150, "thoughtsTokenCount": 200,
        "totalTokenCount": 1_928, "candidatesTokensDetails": image});
    assert_eq!(with(whole.clone()), (578, 0, 230, 200, 1_120, false));
    let mut grounded = whole.clone();
    grounded["toolUsePromptTokenCount"] = json!(300);
    grounded["cachedContentTokenCount"] = json!(78);
    assert_eq!(with(grounded), (800, 78, 230, 200, 1_120, false));
    let mut short = whole.clone();
    short["candidatesTokensDetails"] = json!([]);
    assert_eq!(with(short), (578, 0, 230, 200, 1_120, false), "the usual tokens of a picture");
    let sum = json!({"promptTokenCount": 10, "thoughtsTokenCount": 20, "totalTokenCount": 1_160});
    assert_eq!(with(sum), (10, 0, 30, 20, 1_120, false));
    assert_eq!(with(json!({"promptTokenCount": 10})), (10, 0, 0, 0, 1_120, true));
    for missing in [Value::Null, json!({}), json!({"promptTokenCount": "many"})] {
        assert_eq!(with(missing), (9, 0, 0, 0, 1_120, true));
    }
}

#[test]
fn searches_are_counted() {
    let mut grounded = answer(&json!([picture("aGk=")]), "STOP");
    grounded["candidates"][0]["groundingMetadata"] =
        json!({"webSearchQueries": ["a", "b"], "imageSearchQueries": ["c"], "groundingChunks": []});
    assert_eq!(of(&grounded).usage.web_searches, 3);
    grounded["candidates"][0]["groundingMetadata"] = json!({"webSearchQueries": null});
    assert_eq!(of(&grounded).usage.web_searches, 0);
}
