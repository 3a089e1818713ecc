//! What is known of a model: names, limits, prices, abilities. The rows come from `models.toml`.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::money::Usd;

/// A model's name at its provider.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One row of the model table.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The name on the wire.
    pub id: ModelId,
    /// The name for people.
    pub name: String,
    /// Whether `/model` offers it.
    #[serde(default)]
    pub offered: bool,
    /// Whether new users start with it; exactly one row says so.
    #[serde(default)]
    pub default: bool,
    /// The context window in tokens, prompt and answer together.
    pub window: u64,
    /// The most tokens of one answer, thinking included.
    pub max_output: u64,
    /// The shortest prefix that the provider caches, in tokens.
    pub min_cacheable: u64,
    /// Whether `thinking: adaptive` is understood.
    #[serde(default)]
    pub adaptive_thinking: bool,
    /// Effort levels that the model takes; empty if it takes none.
    #[serde(default)]
    pub efforts: Vec<Effort>,
    /// The day on which the provider switches it off, if announced.
    #[serde(default)]
    pub retires: Option<NaiveDate>,
    /// Prices by prompt size, smallest first; the last one has no limit.
    pub prices: Vec<Prices>,
}

impl Model {
    /// Answers longer than this are continued in a further request.
    const ANSWER_TOKENS: u64 = 32_000;

    /// The most tokens that one request lets the model produce, thinking included.
    pub fn answer_limit(&self) -> u64 {
        self.max_output.min(Self::ANSWER_TOKENS)
    }
}

/// How hard a model thinks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Quick.
    Low,
    /// Balanced.
    Medium,
    /// Thorough.
    High,
    /// More than thorough.
    Xhigh,
    /// Without regard to cost.
    Max,
}

/// Prices in US dollars per million tokens, for prompts up to a size, from a day on.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The first day (UTC) on which the row holds; none if it has always held. The newest that has begun counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// The largest whole prompt (cached parts included) in tokens for which this row holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_prompt: Option<u64>,
    /// Uncached prompt.
    pub input: Usd,
    /// Written to the five-minute cache.
    pub cache_write_5m: Usd,
    /// Written to the one-hour cache.
    pub cache_write_1h: Usd,
    /// Read from the cache.
    pub cache_read: Usd,
    /// Produced, thinking included.
    pub output: Usd,
}

impl Prices {
    /// All amounts of the row.
    pub fn amounts(&self) -> [Usd; 5] {
        [self.input, self.cache_write_5m, self.cache_write_1h, self.cache_read, self.output]
    }
}

/// The price of one use of something that a provider or a tool does, from a day on.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolPrice {
    /// What is used, such as `web_search`.
    pub name: String,
    /// What one use is: a word for people.
    pub unit: String,
    /// US dollars for one.
    pub price: Usd,
    /// The first day (UTC) on which the row holds; none if it has always held.
    #[serde(default)]
    pub since: Option<NaiveDate>,
}
