//! The request of `generateContent`, as far as image models need it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::request::{DrawRequest, Source};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: [Content<'a>; 1],
    generation_config: GenerationConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tool; 1]>,
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Part<'a> {
    Text(&'a str),
    #[serde(rename_all = "camelCase")]
    InlineData {
        mime_type: &'static str,
        data: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    response_modalities: [&'static str; 2],
    image_config: ImageConfig,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect_ratio: Option<&'static str>,
    image_size: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tool {
    google_search: GoogleSearch,
}

#[derive(Serialize)]
struct GoogleSearch {}

/// Returns the body of a request: the text, then the pictures.
pub(super) fn body(request: &DrawRequest<'_>) -> Vec<u8> {
    let picture =
        |source: &Source| Part::InlineData { mime_type: source.mime, data: STANDARD.encode(&source.bytes) };
    let parts = std::iter::once(Part::Text(request.prompt)).chain(request.sources.iter().map(picture));
    let shape = request.shape;
    let body = Body {
        contents: [Content { role: "user", parts: parts.collect() }],
        generation_config: GenerationConfig {
            response_modalities: ["TEXT", "IMAGE"],
            image_config: ImageConfig { aspect_ratio: shape.aspect_ratio, image_size: shape.size.name() },
        },
        tools: request.search.then_some([Tool { google_search: GoogleSearch {} }]),
    };
    // Strings and numbers can always be written; an empty body would be refused by the service.
    serde_json::to_vec(&body).unwrap_or_default()
}

#[cfg(test)]
mod tests;
