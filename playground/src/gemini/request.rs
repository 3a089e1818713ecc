//! The rules of a request for a picture.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use image::{DynamicImage, ImageFormat};
use serde_json::{Map, Value};

use super::error::ApiError;
use super::paint;

/// The largest request, in bytes.
pub(super) const REQUEST_LIMIT: usize = 20 * 1024 * 1024;
/// The most pictures in a request.
const MOST_SOURCES: usize = 14;
/// The largest side of a picture in a request, in pixels.
const LARGEST_SIDE: u32 = 8_192;

/// A request that breaks no rule.
pub(super) struct Wanted {
    pub(super) prompt: String,
    pub(super) sources: Vec<DynamicImage>,
    pub(super) ratio: Option<String>,
    pub(super) size: String,
    pub(super) search: bool,
    /// Whether pictures and texts are wanted.
    pub(super) pictures: bool,
    pub(super) texts: bool,
}

/// Checks a body.
pub(super) fn check(body: &[u8]) -> Result<Wanted, ApiError> {
    if body.len() > REQUEST_LIMIT {
        return Err(ApiError::invalid(format!(
            "Request payload size exceeds the limit: {REQUEST_LIMIT} bytes."
        )));
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::invalid(format!("Invalid JSON payload received. {error}")))?;
    let body = camel(body);
    let fields = ["contents", "generationConfig", "tools", "systemInstruction", "safetySettings"];
    let body = object(&body, "", &fields)?;
    let (texts, sources) = contents(body.get("contents").unwrap_or(&Value::Null))?;
    let search = tools(body.get("tools"))?;
    let config = body.get("generationConfig").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let config = object(
        &config,
        "generation_config",
        &["responseModalities", "imageConfig", "temperature", "topP", "topK", "seed", "maxOutputTokens"],
    )?;
    let (texts_wanted, pictures) = modalities(config.get("responseModalities"))?;
    let image = config.get("imageConfig").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let image = object(&image, "generation_config.image_config", &["aspectRatio", "imageSize"])?;
    let ratio = word(image, "aspectRatio")?;
    if let Some(ratio) = ratio.as_deref().filter(|ratio| !paint::is_ratio(ratio)) {
        return Err(ApiError::invalid(format!("Unsupported aspect ratio: {ratio}")));
    }
    let size = word(image, "imageSize")?.unwrap_or_else(|| "1K".to_owned());
    if !["1K", "2K", "4K"].contains(&size.as_str()) {
        return Err(ApiError::invalid(format!("Unsupported image size: {size}")));
    }
    Ok(Wanted { prompt: texts, sources, ratio, size, search, pictures, texts: texts_wanted })
}

/// Writes the names of all fields in one way: the service takes `inline_data` as well as `inlineData`.
fn camel(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (camel_name(&name), camel(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(camel).collect(),
        other => other,
    }
}

fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut chars = word.chars();
        let initial = chars.next().map(|letter| letter.to_ascii_uppercase());
        name.chars().chain(initial).chain(chars).collect()
    })
}

/// Returns an object that has only known fields.
fn object<'a>(value: &'a Value, at: &str, known: &[&str]) -> Result<&'a Map<String, Value>, ApiError> {
    let place = if at.is_empty() { String::new() } else { format!(" at '{at}'") };
    let fields = value.as_object().ok_or_else(|| {
        ApiError::invalid(format!("Invalid value{place}: Proto field is not repeating, cannot start list."))
    })?;
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(fields),
        Some(unknown) => Err(ApiError::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{unknown}\"{place}: Cannot find field."
        ))),
    }
}

fn word(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(ApiError::invalid(format!("Invalid value at '{name}' (TYPE_STRING), {other}"))),
    }
}

fn contents(value: &Value) -> Result<(String, Vec<DynamicImage>), ApiError> {
    let contents = value.as_array().filter(|contents| !contents.is_empty());
    let contents = contents
        .ok_or_else(|| ApiError::invalid("* GenerateContentRequest.contents: contents is not specified"))?;
    let (mut texts, mut sources) = (Vec::new(), Vec::new());
    for (at, content) in contents.iter().enumerate() {
        let place = format!("contents[{at}]");
        let fields = object(content, &place, &["role", "parts"])?;
        let role = word(fields, "role")?.unwrap_or_else(|| "user".to_owned());
        if !["user", "model"].contains(&role.as_str()) {
            return Err(ApiError::invalid("Please use a valid role: user, model."));
        }
        let parts = fields.get("parts").and_then(Value::as_array).filter(|parts| !parts.is_empty());
        let parts = parts.ok_or_else(|| {
            ApiError::invalid("* GenerateContentRequest.contents: contents.parts must not be empty.")
        })?;
        for (number, part) in parts.iter().enumerate() {
            let place = format!("{place}.parts[{number}]");
            let fields = object(part, &place, &["text", "inlineData", "thought", "thoughtSignature"])?;
            match (fields.get("text"), fields.get("inlineData")) {
                (Some(Value::String(text)), None) => texts.push(text.clone()),
                (None, Some(data)) => sources.push(picture(data, &place)?),
                _ => {
                    return Err(ApiError::invalid(format!(
                        "* GenerateContentRequest.{place}.data: required oneof field 'data' must have one \
                         initialized field"
                    )));
                }
            }
        }
    }
    if contents.last().is_some_and(|content| content["role"] == "model") {
        return Err(ApiError::invalid("Please ensure that single turn requests end with a user role."));
    }
    if sources.len() > MOST_SOURCES {
        let message = format!("Please use at most {MOST_SOURCES} images, got {}.", sources.len());
        return Err(ApiError::invalid(message));
    }
    let text = texts.join("\n");
    if text.trim().is_empty() {
        return Err(ApiError::invalid("The prompt has no text."));
    }
    Ok((text, sources))
}

fn picture(value: &Value, place: &str) -> Result<DynamicImage, ApiError> {
    let fields = object(value, &format!("{place}.inline_data"), &["mimeType", "data"])?;
    let mime = word(fields, "mimeType")?.unwrap_or_default();
    let format = match mime.as_str() {
        "image/png" => ImageFormat::Png,
        "image/jpeg" => ImageFormat::Jpeg,
        "image/webp" => ImageFormat::WebP,
        other => return Err(ApiError::invalid(format!("Unsupported MIME type: {other}"))),
    };
    let data = word(fields, "data")?.unwrap_or_default();
    // Both alphabets are taken.
    let bytes = STANDARD.decode(&data).or_else(|_other| URL_SAFE.decode(&data)).map_err(|_undecodable| {
        ApiError::invalid(format!(
            "Invalid value at '{place}.inline_data.data' (TYPE_BYTES), Base64 decoding failed"
        ))
    })?;
    let decoded = image::load_from_memory_with_format(&bytes, format).ok();
    let fitting = decoded.filter(|picture| picture.width().max(picture.height()) <= LARGEST_SIDE);
    fitting.ok_or_else(|| ApiError::invalid("Provided image is not valid."))
}

/// Returns whether the model may search.
fn tools(value: Option<&Value>) -> Result<bool, ApiError> {
    let Some(value) = value else { return Ok(false) };
    let tools = value.as_array().ok_or_else(|| ApiError::invalid("Invalid value at 'tools'"))?;
    for (at, tool) in tools.iter().enumerate() {
        let fields = object(tool, &format!("tools[{at}]"), &["googleSearch"])?;
        let search =
            fields.get("googleSearch").ok_or_else(|| ApiError::invalid("tools[0].tool_type: required"))?;
        object(search, &format!("tools[{at}].google_search"), &["searchTypes", "timeRangeFilter"])?;
    }
    Ok(!tools.is_empty())
}

/// Returns whether texts and pictures are wanted. An image model answers with both unless told otherwise.
fn modalities(value: Option<&Value>) -> Result<(bool, bool), ApiError> {
    let Some(value) = value else { return Ok((true, true)) };
    let invalid = || ApiError::invalid("Invalid value at 'generation_config.response_modalities'");
    let names: Option<Vec<&str>> = value.as_array().ok_or_else(invalid)?.iter().map(Value::as_str).collect();
    let names = names.ok_or_else(invalid)?;
    if names.iter().any(|name| !["TEXT", "IMAGE"].contains(name)) {
        return Err(invalid());
    }
    let wants = |name: &str| names.is_empty() || names.contains(&name);
    if !wants("IMAGE") {
        return Err(ApiError::invalid(
            "The requested combination of response modalities is not supported by the model.",
        ));
    }
    Ok((wants("TEXT"), wants("IMAGE")))
}
