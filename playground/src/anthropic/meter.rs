//! Counts the usage of one answer: input as the prompt cache charged it, output as it is written. Four bytes
//! of output count as a token, so that tests can predict where `max_tokens` cuts. Results of the API's own
//! tools are added to the input at the end, at four bytes a token.

use serde_json::{Value, json};

use super::cache::InputUsage;

#[derive(Debug)]
pub(super) struct Meter {
    input: InputUsage,
    /// Output bytes that `max_tokens` still allows.
    allowance: u64,
    written: u64,
    pub(super) thought: u64,
    pub(super) searches: u64,
    pub(super) fetches: u64,
}

impl Meter {
    /// Creates the meter of a valid request body.
    pub(super) fn new(input: InputUsage, body: &Value) -> Self {
        let allowance = body["max_tokens"].as_u64().unwrap_or(0).saturating_mul(4);
        Self { input, allowance, written: 0, thought: 0, searches: 0, fetches: 0 }
    }

    /// Returns whether the output limit is reached.
    pub(super) fn exhausted(&self) -> bool {
        self.allowance == 0
    }

    /// Returns the part of a text that fits the output limit, and whether the text was cut.
    pub(super) fn afford<'t>(&mut self, text: &'t str) -> (&'t str, bool) {
        let most = usize::try_from(self.allowance).unwrap_or(usize::MAX).min(text.len());
        let (paid, rest) = text.split_at(text.floor_char_boundary(most));
        self.allowance -= paid.len() as u64;
        self.written += paid.len() as u64;
        (paid, !rest.is_empty())
    }

    /// Adds input that the model reads while it answers: results of the API's own tools.
    pub(super) fn read(&mut self, tokens: u64) {
        self.input.plain += tokens;
    }

    /// Returns the usage of a message.
    pub(super) fn usage(&self) -> Value {
        let mut usage = self.cumulative();
        usage["cache_creation"] = json!({"ephemeral_5m_input_tokens":self.input.written_5m,
            "ephemeral_1h_input_tokens":self.input.written_1h});
        usage["service_tier"] = json!("standard");
        usage["inference_geo"] = json!("global");
        usage
    }

    /// Returns the usage of a `message_delta`: totals, not differences.
    pub(super) fn cumulative(&self) -> Value {
        let input = self.input;
        let mut usage = json!({
            "input_tokens": input.plain,
            "cache_creation_input_tokens": input.written_5m + input.written_1h,
            "cache_read_input_tokens": input.read,
            "output_tokens": self.written.div_ceil(4).max(1),
            "output_tokens_details": {"thinking_tokens": self.thought.div_ceil(4)},
        });
        if self.searches + self.fetches > 0 {
            let (searches, fetches) = (self.searches, self.fetches);
            usage["server_tool_use"] = json!({"web_search_requests":searches,"web_fetch_requests":fetches});
        }
        usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_four_bytes_and_never_half_a_character() {
        for (max_tokens, text, paid) in
            [(2, "12345678", "12345678"), (2, "123456789", "12345678"), (1, "день", "де"), (0, "a", "")]
        {
            let mut meter = Meter::new(InputUsage::default(), &json!({"max_tokens":max_tokens}));
            assert_eq!(meter.afford(text), (paid, paid != text), "{max_tokens} {text}");
            assert_eq!(meter.cumulative()["output_tokens"], (paid.len() as u64).div_ceil(4).max(1));
        }
    }
}
