//! The request as JSON.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::request::{Shape, Size};
use super::*;

fn written(request: &DrawRequest<'_>) -> Value {
    serde_json::from_slice(&body(request)).unwrap()
}

#[test]
fn a_request_has_the_text_the_pictures_and_the_shape() {
    let drawn = DrawRequest {
        prompt: "A cat",
        sources: &[],
        shape: Shape { aspect_ratio: Some("16:9"), size: Size::TwoK },
        search: false,
    };
    assert_eq!(
        written(&drawn),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "A cat"}]}],
            "generationConfig": {
                "responseModalities": ["TEXT", "IMAGE"],
                "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
            },
        })
    );
    let source = Source { mime: "image/png", bytes: Bytes::from_static(b"\x89PNG") };
    let shape = Shape { aspect_ratio: None, size: Size::FourK };
    let edited = written(&DrawRequest { sources: &[source], shape, search: true, ..drawn });
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}});
    assert_eq!(edited["contents"][0]["parts"][1], picture);
    assert_eq!(edited["generationConfig"]["imageConfig"], json!({"imageSize": "4K"}));
    assert_eq!(edited["tools"], json!([{"googleSearch": {}}]));
}
