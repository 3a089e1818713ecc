//! Models: names, limits, prices, abilities. The rows come from `models.toml`.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::money::Usd;

/// The provider's name of a model.
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
    /// The name in requests.
    pub id: ModelId,
    /// The name to display.
    pub name: String,
    /// The provider that serves it.
    #[serde(default)]
    pub provider: ModelProvider,
    /// Whether `/model` offers it.
    #[serde(default)]
    pub offered: bool,
    /// Whether it is the default of new users; true for exactly one row.
    #[serde(default)]
    pub default: bool,
    /// The context window in tokens, prompt and answer together.
    pub window: u64,
    /// The most tokens of one answer, including thinking.
    pub max_output: u64,
    /// The shortest prefix that the provider caches, in tokens.
    pub min_cacheable: u64,
    /// Whether the model supports `thinking: adaptive`.
    #[serde(default)]
    pub adaptive_thinking: bool,
    /// The effort levels that the model supports; empty if none.
    #[serde(default)]
    pub efforts: Vec<Effort>,
    /// The effort that fits a simple, an ordinary and a hard question.
    #[serde(default = "Model::usual_efforts")]
    pub efforts_by_question: [Effort; 3],
    /// The day (UTC) from which the provider no longer serves it, if announced.
    #[serde(default)]
    pub retires: Option<NaiveDate>,
    /// The name in the table of tools under which a search that the provider runs for this model is priced;
    /// `web_search` if left out.
    #[serde(default)]
    pub search: Option<String>,
    /// Prices by prompt size, smallest first; the last one has no limit.
    pub prices: Vec<Prices>,
}

impl Model {
    /// The answer length in tokens above which a further request continues the answer.
    const ANSWER_TOKENS: u64 = 32_000;

    /// The most tokens that one request may produce, including thinking.
    pub fn answer_limit(&self) -> u64 {
        self.max_output.min(Self::ANSWER_TOKENS)
    }

    /// Returns whether the provider still serves it on a day (UTC).
    pub fn is_served(&self, on: NaiveDate) -> bool {
        self.retires.is_none_or(|day| on < day)
    }

    fn usual_efforts() -> [Effort; 3] {
        [Effort::Low, Effort::Medium, Effort::High]
    }
}

/// A provider of models.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelProvider {
    /// Anthropic.
    #[default]
    Anthropic,
    /// Google.
    Google,
    /// `OpenAI`.
    OpenAi,
}

/// The thinking effort of a model, from the least to the most.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Low effort.
    Low,
    /// Medium effort.
    Medium,
    /// High effort.
    High,
    /// More than high effort.
    Xhigh,
    /// The highest effort, without regard to cost.
    Max,
}

impl Effort {
    /// Returns the name in requests, columns and buttons.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Prices in US dollars per million tokens, limited to a prompt size and valid from a day on.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The first day (UTC) on which the row applies; `None` if it has always applied. The newest row that has
    /// started counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// The largest whole prompt in tokens, including cached parts, to which this row applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_prompt: Option<u64>,
    /// Uncached prompt tokens.
    pub input: Usd,
    /// Prompt tokens written to the five-minute cache.
    pub cache_write_5m: Usd,
    /// Prompt tokens written to the one-hour cache.
    pub cache_write_1h: Usd,
    /// Prompt tokens read from the cache.
    pub cache_read: Usd,
    /// Output tokens, including thinking.
    pub output: Usd,
    /// Tokens of pictures in the output; `None` for a model that makes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_output: Option<Usd>,
}

impl Prices {
    /// Returns all amounts of the row.
    pub fn amounts(&self) -> impl Iterator<Item = Usd> {
        let text = [self.input, self.cache_write_5m, self.cache_write_1h, self.cache_read, self.output];
        text.into_iter().chain(self.image_output)
    }
}

/// The price per use of a service of a provider or a tool, valid from a day on.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolPrice {
    /// The service, such as `web_search`.
    pub name: String,
    /// The unit of one use, as a word to display.
    pub unit: String,
    /// The price of one use, US dollars.
    pub price: Usd,
    /// The first day (UTC) on which the row applies; `None` if it has always applied.
    #[serde(default)]
    pub since: Option<NaiveDate>,
}
