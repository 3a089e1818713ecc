//! What services charge, computed here on purpose and not by the product: the usage that the emulators report,
//! at the prices of the table inside the binary.

use playground::anthropic::Recorded;
use playground::gemini;
use rust_decimal::{Decimal, dec};
use serde_json::Value;

/// A second of a sandbox, US dollars.
pub(crate) const SANDBOX_SECOND: Decimal = dec!(0.00005);
/// A second of speech, US dollars.
pub(crate) const SPEECH_SECOND: Decimal = dec!(0.000075);
/// A search of the web, US dollars.
pub(crate) const SEARCH: Decimal = dec!(0.01);

fn count(value: &Value) -> Decimal {
    Decimal::from(value.as_u64().unwrap_or(0))
}

/// Returns the cost of a request to the chat model, searches included; zero without usage.
pub(crate) fn request(request: &Recorded) -> Decimal {
    let usage = &request.usage;
    let writes = &usage["cache_creation"];
    let (short, long) =
        (count(&writes["ephemeral_5m_input_tokens"]), count(&writes["ephemeral_1h_input_tokens"]));
    assert_eq!(short + long, count(&usage["cache_creation_input_tokens"]), "{usage}");
    let sonnet = count(&usage["input_tokens"]) * dec!(2)
        + short * dec!(2.5)
        + long * dec!(4)
        + count(&usage["cache_read_input_tokens"]) * dec!(0.1)
        + count(&usage["output_tokens"]) * dec!(10);
    // Opus costs twice as much as Sonnet, a search the same.
    let factor = if is_of_critic(request) { dec!(2) } else { dec!(1) };
    let searches = count(&usage["server_tool_use"]["web_search_requests"]);
    sonnet * factor / dec!(1_000_000) + searches * SEARCH
}

/// Returns whether a request asks the model that checks answers.
pub(crate) fn is_of_critic(request: &Recorded) -> bool {
    request.body["model"] == "claude-opus-5-5"
}

/// Returns the cost of requests to the chat model.
pub(crate) fn requests<'a>(all: impl IntoIterator<Item = &'a Recorded>) -> Decimal {
    all.into_iter().map(request).sum()
}

/// Returns the cost of a request to the image model, without searches; zero without usage.
pub(crate) fn drawing(request: &gemini::Request) -> Decimal {
    let usage = &request.usage;
    let details = usage["candidatesTokensDetails"].as_array();
    let pictures: Decimal = details
        .into_iter()
        .flatten()
        .filter(|part| part["modality"] == "IMAGE")
        .map(|part| count(&part["tokenCount"]))
        .sum();
    let text = count(&usage["candidatesTokenCount"]) - pictures + count(&usage["thoughtsTokenCount"]);
    (count(&usage["promptTokenCount"]) * dec!(2) + text * dec!(12) + pictures * dec!(120)) / dec!(1_000_000)
}
