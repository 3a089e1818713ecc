//! What a call of a model or of another paid service used, as its provider reported it.

use rust_decimal::Decimal;

/// The usage of one call. Later reports of the same call replace earlier ones field by field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Prompt tokens that were neither read from nor written to the cache.
    pub input: u64,
    /// Prompt tokens written to the five-minute cache.
    pub cache_write_5m: u64,
    /// Prompt tokens written to the one-hour cache.
    pub cache_write_1h: u64,
    /// Prompt tokens read from the cache.
    pub cache_read: u64,
    /// Tokens produced, thinking included.
    pub output: u64,
    /// The part of `output` that was thinking, if the provider reports it.
    pub thinking: u64,
    /// Searches that the provider ran.
    pub web_searches: u64,
    /// Tokens of pictures in the answer; not part of `output`.
    pub image_output: u64,
    /// Time of a service that is charged by the second: seconds with at most three fraction digits.
    pub seconds: Decimal,
}

impl Usage {
    /// Returns the size of the whole prompt in tokens, cached or not.
    pub fn prompt(&self) -> u64 {
        self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read
    }
}
