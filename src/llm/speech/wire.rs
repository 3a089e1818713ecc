//! The answers of the transcription API, read leniently: a field that is missing or of another type costs
//! that field.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::llm::error::LlmError;

/// The code of a 429 that waiting does not heal.
pub(super) const NO_CREDIT: &str = "insufficient_quota";
/// The code of the refusal of a recording in which nothing can be said.
pub(super) const TOO_SHORT: &str = "audio_too_short";
/// Durations above this are not believed, in seconds: Telegram hands out no file that plays for two days.
const LONGEST_S: u32 = 172_800;
/// The longest code of a language that is kept, in bytes.
const LONGEST_LANGUAGE: usize = 12;

/// The words of a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Transcript {
    /// The words, without blanks around them; empty if nothing was said.
    pub text: String,
    /// The language that was spoken most, as far as it is reported.
    pub language: Option<String>,
    /// The duration that is billed, in seconds; `None` if the answer does not tell it.
    pub seconds: Option<Decimal>,
    /// The id of the request, for the service's support.
    pub request_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    languages: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Usage<'a> {
    #[serde(borrow)]
    seconds: &'a RawValue,
}

/// Reads a transcript. The request id is not in the body.
pub(super) fn read(body: &[u8]) -> Result<Transcript, LlmError> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_unreadable| LlmError::BrokenOff)?;
    let text = answer.text.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let text = text.ok_or(LlmError::BrokenOff)?.replace('\0', "");
    Ok(Transcript {
        text: text.trim().to_owned(),
        language: answer.languages.and_then(language),
        seconds: answer.usage.and_then(seconds),
        request_id: None,
    })
}

/// The first language of a list, in which the one that was spoken most comes first.
fn language(raw: &RawValue) -> Option<String> {
    let languages: Vec<Value> = serde_json::from_str(raw.get()).ok()?;
    let first = languages.iter().find_map(Value::as_str)?;
    let is_code = (2..=LONGEST_LANGUAGE).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_code.then(|| first.to_ascii_lowercase())
}

/// The billed duration, rounded up to whole milliseconds. Read from the digits, because a float is not exact.
fn seconds(raw: &RawValue) -> Option<Decimal> {
    let usage: Usage<'_> = serde_json::from_str(raw.get()).ok()?;
    let digits = usage.seconds.get().trim_matches('"');
    let seconds: Decimal = digits.parse().or_else(|_| Decimal::from_scientific(digits)).ok()?;
    let is_believed = seconds >= Decimal::ZERO && seconds <= Decimal::from(LONGEST_S);
    is_believed
        .then(|| seconds.round_dp_with_strategy(3, rust_decimal::RoundingStrategy::AwayFromZero).normalize())
}

/// The code of an error, or its type.
pub(super) fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    let word = |name: &str| error.get(name).and_then(Value::as_str).filter(|word| word.len() <= 100);
    word("code").or_else(|| word("type")).map(str::to_owned)
}

#[cfg(test)]
mod tests;
