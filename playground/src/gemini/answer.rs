//! Answers with candidates, and their usage: a token for four bytes of text, 560 for a source picture, 1,120
//! for a picture of 1K or 2K and 2,000 for one of 4K, 150 for thoughts, 90 for what a search brings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::ImageResult;
use serde_json::{Value, json};

use super::paint;
use super::reply::{Candidates, Usage};
use super::request::Wanted;

const SOURCE_TOKENS: u64 = 560;
const THOUGHT_TOKENS: u64 = 150;
const SEARCH_TOKENS: u64 = 90;

/// Returns the body of an answer.
pub(super) fn candidates(wanted: &Wanted, plan: &Candidates, model: &str, id: &str) -> ImageResult<Value> {
    let sides = paint::sides(wanted.ratio.as_deref(), &wanted.size, wanted.sources.first());
    let mime = if plan.jpeg { "image/jpeg" } else { "image/png" };
    let mut parts = Vec::new();
    if plan.thoughts {
        let draft = paint::encode(&paint::paint("draft", 0, &[], (64, 64)), false)?;
        parts.push(json!({"text": "I think about the picture.", "thought": true}));
        parts.push(
            json!({"inlineData": {"mimeType": "image/png", "data": STANDARD.encode(draft)}, "thought": true}),
        );
    }
    let words = if wanted.texts { plan.words.as_str() } else { "" };
    if !words.is_empty() {
        parts.push(json!({"text": words}));
    }
    for number in 0..if wanted.pictures { plan.pictures } else { 0 } {
        let picture = paint::paint(&wanted.prompt, number, &wanted.sources, sides);
        let data = STANDARD.encode(paint::encode(&picture, plan.jpeg)?);
        let signature = STANDARD.encode(format!("{id}:{number}"));
        parts.push(json!({"inlineData": {"mimeType": mime, "data": data}, "thoughtSignature": signature}));
    }
    let mut candidate = json!({"finishReason": plan.finish, "index": 0});
    if !parts.is_empty() {
        candidate["content"] = json!({"role": "model", "parts": parts});
    }
    if wanted.search {
        candidate["groundingMetadata"] = grounding(&wanted.prompt);
    }
    let mut body = json!({"candidates": [candidate], "modelVersion": model, "responseId": id});
    if let Some(usage) = usage(wanted, plan, words) {
        body["usageMetadata"] = usage;
    }
    Ok(body)
}

/// Returns the body of an answer to a prompt that is not accepted.
pub(super) fn blocked(wanted: &Wanted, reason: &str, model: &str, id: &str) -> Value {
    let prompt = prompt_tokens(wanted);
    json!({"promptFeedback": {"blockReason": reason},
        "usageMetadata": {"promptTokenCount": prompt, "totalTokenCount": prompt},
        "modelVersion": model, "responseId": id})
}

fn text_tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

fn prompt_tokens(wanted: &Wanted) -> u64 {
    text_tokens(&wanted.prompt) + wanted.sources.len() as u64 * SOURCE_TOKENS
}

fn usage(wanted: &Wanted, plan: &Candidates, words: &str) -> Option<Value> {
    let of_one: u64 = if wanted.size == "4K" { 2_000 } else { 1_120 };
    let (prompt, pictures) = (prompt_tokens(wanted), plan.pictures as u64 * of_one);
    let answer = pictures + text_tokens(words);
    let found = if wanted.search { SEARCH_TOKENS } else { 0 };
    let mut usage = json!({"promptTokenCount": prompt, "candidatesTokenCount": answer,
        "thoughtsTokenCount": THOUGHT_TOKENS, "totalTokenCount": prompt + answer + THOUGHT_TOKENS + found});
    if wanted.search {
        usage["toolUsePromptTokenCount"] = json!(found);
    }
    match plan.usage {
        Usage::Missing => return None,
        Usage::WithoutDetails => {}
        Usage::Counted => {
            let sources = wanted.sources.len() as u64 * SOURCE_TOKENS;
            usage["promptTokensDetails"] = details(prompt - sources, sources);
            usage["candidatesTokensDetails"] = details(answer - pictures, pictures);
        }
    }
    Some(usage)
}

fn details(text: u64, pictures: u64) -> Value {
    let counts = [("TEXT", text), ("IMAGE", pictures)].into_iter().filter(|(_, tokens)| *tokens > 0);
    counts.map(|(modality, tokens)| json!({"modality": modality, "tokenCount": tokens})).collect()
}

fn grounding(prompt: &str) -> Value {
    let query: String = prompt.chars().take(40).collect();
    json!({"webSearchQueries": [query],
        "groundingChunks": [{"web": {"uri": "https://vertexaisearch.cloud.google.com/grounding-api-redirect/x",
            "title": "example.org"}}],
        "searchEntryPoint": {"renderedContent": "<div></div>"}})
}
