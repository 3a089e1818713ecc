//! The answer of `generateContent`, read leniently: a field that is missing or of another type costs that
//! field.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde_json::Value;

use super::request::Size;
use crate::domain::usage::Usage;
use crate::llm::error::LlmError;

/// Base64 with or without padding.
const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
/// The alphabets in which the service may write bytes.
const ALPHABETS: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&alphabet::STANDARD, PADDING), GeneralPurpose::new(&alphabet::URL_SAFE, PADDING)];
/// The longest text beside the pictures that is kept, in code points.
const LONGEST_TEXT: usize = 4_000;
/// The longest id that is kept, in bytes.
const LONGEST_ID: usize = 100;
/// The most pictures of one answer.
const MOST_PICTURES: usize = 10;

/// What came of a request.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Drawing {
    /// The pictures, in order; empty if there is none.
    pub pictures: Vec<DrawnPicture>,
    /// The model's words beside them; may be empty.
    pub text: String,
    /// Why pictures are missing; `None` if the answer is complete.
    pub missing: Option<NoPicture>,
    /// What the request used.
    pub usage: Usage,
    /// Whether `usage` is an estimate, because the answer does not tell it.
    pub estimated: bool,
    /// The id of the answer, for the service's support.
    pub request_id: Option<String>,
}

/// A picture as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DrawnPicture {
    /// The MIME type that the service names.
    pub mime: String,
    /// The content.
    pub bytes: Bytes,
}

/// Why there is no picture, or not every one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum NoPicture {
    /// The request or the result is against the service's rules.
    Policy,
    /// The result would repeat a work of somebody else.
    Recitation,
    /// The answer reached its length limit.
    TooLong,
    /// The model answered with words only, or with nothing.
    WordsOnly,
    /// A picture came that cannot be decoded.
    Broken,
}

impl NoPicture {
    /// Returns the name for rows and labels.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the meaning of a `finishReason` or `blockReason`; `None` for a normal end.
    fn of(reason: &str) -> Option<Self> {
        Some(match reason {
            "STOP" | "" => return None,
            "SAFETY"
            | "PROHIBITED_CONTENT"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "BLOCKLIST"
            | "SPII"
            | "ESCALATION"
            | "MODEL_ARMOR"
            | "JAILBREAK"
            | "PUP_LIMITED_DISABLED" => Self::Policy,
            "RECITATION" | "IMAGE_RECITATION" => Self::Recitation,
            "MAX_TOKENS" | "CONTINUATION" => Self::TooLong,
            _ => Self::WordsOnly,
        })
    }
}

/// Reads an answer. `prompt` is what the prompt uses, in case that the answer does not tell it.
///
/// # Errors
/// Returns [`LlmError::BrokenOff`] if it is not a JSON object.
pub(super) fn read(body: &[u8], prompt: Usage, size: Size) -> Result<Drawing, LlmError> {
    let answer: Value = serde_json::from_slice(body).map_err(|_unreadable| LlmError::BrokenOff)?;
    if !answer.is_object() {
        return Err(LlmError::BrokenOff);
    }
    let mut found = Found::default();
    let candidates = answer["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    for candidate in candidates {
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            found.take(part);
        }
    }
    // A refused prompt has a block reason and no candidates. That some feedback stands beside pictures means
    // nothing.
    let ends = candidates.iter().filter_map(|candidate| candidate["finishReason"].as_str());
    let refused = answer["promptFeedback"]["blockReason"].as_str().into_iter();
    let mut missing = ends.chain(refused).find_map(NoPicture::of);
    if found.pictures.is_empty() {
        let unnamed = if found.broken { NoPicture::Broken } else { NoPicture::WordsOnly };
        missing = Some(missing.unwrap_or(unnamed));
    }
    let searches = candidates.iter().map(|candidate| searches(&candidate["groundingMetadata"])).sum();
    let (usage, estimated) = usage(&answer["usageMetadata"], prompt, size, found.pictures.len() as u64);
    let id = answer["responseId"].as_str().filter(|id| id.len() <= LONGEST_ID).map(str::to_owned);
    Ok(Drawing {
        pictures: found.pictures,
        text: found.text.trim().chars().take(LONGEST_TEXT).collect(),
        missing,
        usage: Usage { web_searches: searches, ..usage },
        estimated,
        request_id: id,
    })
}

/// The parts of an answer that are meant for the person.
#[derive(Default)]
struct Found {
    pictures: Vec<DrawnPicture>,
    text: String,
    broken: bool,
}

impl Found {
    fn take(&mut self, part: &Value) {
        // Thoughts contain drafts of the picture.
        if part["thought"].as_bool().unwrap_or(false) {
            return;
        }
        if let Some(text) = part["text"].as_str() {
            self.text.push_str(&text.replace('\0', ""));
        }
        let inline = &part["inlineData"];
        let Some(data) = inline["data"].as_str() else { return };
        let mime = inline["mimeType"].as_str().unwrap_or_default().to_ascii_lowercase();
        match ALPHABETS.iter().find_map(|base64| base64.decode(data).ok()) {
            Some(bytes) if !bytes.is_empty() && is_image(&mime) => {
                if self.pictures.len() < MOST_PICTURES {
                    self.pictures.push(DrawnPicture { mime, bytes: bytes.into() });
                }
            }
            _ => self.broken = true,
        }
    }
}

/// Returns whether a MIME type is one of pictures, and nothing else: it is passed on in headers.
fn is_image(mime: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    mime.strip_prefix("image/").is_some_and(|kind| (1..=40).contains(&kind.len()) && kind.bytes().all(plain))
}

/// Returns the number of searches behind an answer.
fn searches(grounding: &Value) -> u64 {
    let queries = |name: &str| grounding[name].as_array().map_or(0, |queries| queries.len() as u64);
    queries("webSearchQueries") + queries("imageSearchQueries")
}

/// Returns the usage that an answer with this number of pictures reports, and whether it had to be estimated.
fn usage(reported: &Value, prompt: Usage, size: Size, pictures: u64) -> (Usage, bool) {
    let count = |name: &str| reported[name].as_u64();
    let expected = size.tokens() * pictures;
    let Some(asked) = count("promptTokenCount") else {
        return (Usage { image_output: expected, ..prompt }, true);
    };
    let cached = count("cachedContentTokenCount").unwrap_or(0).min(asked);
    let of_tools = count("toolUsePromptTokenCount").unwrap_or(0);
    let thinking = count("thoughtsTokenCount").unwrap_or(0);
    let whole = count("totalTokenCount");
    let rest = whole.map(|whole| whole.saturating_sub(asked + of_tools + thinking));
    let answered = count("candidatesTokenCount").or(rest);
    let details = reported["candidatesTokensDetails"].as_array();
    let of_pictures = details.and_then(|details| {
        let image = |detail: &&Value| detail["modality"].as_str() == Some("IMAGE");
        details.iter().filter(image).map(|detail| detail["tokenCount"].as_u64()).sum::<Option<u64>>()
    });
    // Without details, the pictures have at most their usual tokens, and the rest is text.
    let image_output = match (of_pictures, answered) {
        (Some(tokens), _) if tokens > 0 || pictures == 0 => tokens,
        (_, Some(answered)) => expected.min(answered),
        (_, None) => expected,
    };
    let text = answered.unwrap_or(0).saturating_sub(image_output);
    let usage = Usage {
        input: asked - cached + of_tools,
        cache_read: cached,
        output: text + thinking,
        thinking,
        image_output,
        ..Usage::default()
    };
    (usage, answered.is_none())
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
