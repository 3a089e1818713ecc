//! The model table: read once at start from the file inside the binary or from `MODELS_FILE`, then immutable.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::domain::model::{Model, ModelId, ModelProvider, Prices, ToolPrice};
use crate::domain::money::Usd;

const BUILT_IN: &str = include_str!("models.toml");
/// The longest id of a model, in bytes: a button that chooses it carries at most 64.
const LONGEST_ID: usize = 56;
/// The most fraction digits of a price per million tokens: that of one token has then at most nine, as the
/// books keep.
const TOKEN_DIGITS: u32 = 3;
/// The most fraction digits of a price per use: that of a thousandth, such as of a second, has then at most
/// nine.
const USE_DIGITS: u32 = 6;

/// All models, in the order of the file.
#[derive(Clone, Debug)]
pub struct Registry {
    models: Vec<Model>,
    tools: Vec<ToolPrice>,
    default: usize,
}

/// Why a model table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be read.
    #[error("{0} cannot be read")]
    File(String, #[source] std::io::Error),
    /// The file is not TOML, or a field is missing or has a wrong type.
    #[error("the model table has a wrong form")]
    Form(#[source] toml::de::Error),
    /// The values of the table contradict each other.
    #[error("the model table makes no sense: {0}")]
    Sense(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    model: Vec<Model>,
    #[serde(default)]
    tool: Vec<ToolPrice>,
}

impl Registry {
    /// Reads the table from `file`, or the one inside the binary.
    ///
    /// # Errors
    /// Returns a [`RegistryError`] if the file is missing or invalid.
    pub fn load(file: Option<&Path>) -> Result<Self, RegistryError> {
        match file {
            None => Self::parse(BUILT_IN),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| RegistryError::File(path.display().to_string(), error))?;
                Self::parse(&text)
            }
        }
    }

    /// Reads a table.
    pub(crate) fn parse(text: &str) -> Result<Self, RegistryError> {
        let Table { model: models, tool: tools } = toml::from_str(text).map_err(RegistryError::Form)?;
        let sense = |what: String| Err(RegistryError::Sense(what));
        for (number, model) in models.iter().enumerate() {
            if models[..number].iter().any(|other| other.id == model.id) {
                return sense(format!("{} stands there twice", model.id));
            }
            if !(1..=LONGEST_ID).contains(&model.id.0.len()) {
                return sense(format!("the id {} must have 1 to {LONGEST_ID} bytes", model.id));
            }
            if model.max_output == 0 || model.max_output >= model.window {
                return sense(format!("max_output of {} must lie between 0 and its window", model.id));
            }
            if let Some(search) = &model.search
                && tools.iter().all(|tool| tool.name != *search)
            {
                return sense(format!(
                    "the table of tools has no {search}, which {} searches with",
                    model.id
                ));
            }
            check_prices(model).map_err(RegistryError::Sense)?;
        }
        if let Some(tool) = tools.iter().find(|tool| !is_price(tool.price, USE_DIGITS)) {
            return sense(format!(
                "the price of {} must be from 0 to 1000 dollars with at most {USE_DIGITS} fraction digits",
                tool.name
            ));
        }
        let defaults: Vec<usize> = (0..models.len()).filter(|&number| models[number].default).collect();
        match defaults[..] {
            [default] => Ok(Self { models, tools, default }),
            _ => sense("exactly one model must be the default".to_owned()),
        }
    }

    /// Returns the model that new users start with.
    pub fn default_model(&self) -> &Model {
        &self.models[self.default]
    }

    /// Returns a model by name, or `None` if the table does not have it.
    pub fn get(&self, id: &ModelId) -> Option<&Model> {
        self.models.iter().find(|model| &model.id == id)
    }

    /// Returns the model that a user chose, or the default if the user chose none or one that nobody can
    /// choose on this day (UTC).
    pub fn chosen(&self, id: Option<&ModelId>, on: NaiveDate) -> &Model {
        id.and_then(|id| self.choosable(id, on)).unwrap_or_else(|| self.default_model())
    }

    /// Returns a model by name, or `None` if nobody can choose it on this day (UTC): the table does not offer
    /// it, or the provider has retired it. The default can always be chosen.
    pub fn choosable(&self, id: &ModelId, on: NaiveDate) -> Option<&Model> {
        self.get(id).filter(|model| model.default || model.offered && model.is_served(on))
    }

    /// Offers only models of these providers: those with a key.
    ///
    /// # Errors
    /// Returns a [`RegistryError`] if the default model is none of theirs.
    pub fn limit_to(mut self, providers: &[ModelProvider]) -> Result<Self, RegistryError> {
        let default = self.default_model();
        if !providers.contains(&default.provider) {
            return Err(RegistryError::Sense(format!(
                "there is no key for the default model, {}",
                default.id
            )));
        }
        for model in &mut self.models {
            model.offered &= providers.contains(&model.provider);
        }
        Ok(self)
    }

    /// Returns the price of one use of a tool on a day; zero if the table does not list the tool.
    pub fn tool_price(&self, name: &str, on: NaiveDate) -> Usd {
        let begun = |tool: &&ToolPrice| tool.name == name && tool.since.is_none_or(|since| since <= on);
        self.tools.iter().filter(begun).max_by_key(|tool| tool.since).map_or(Usd::ZERO, |tool| tool.price)
    }

    /// Returns all models, also those that are not offered.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }

    /// Returns the names of the paid services that are no models.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.tools.iter().map(|tool| tool.name.as_str())
    }

    /// Returns the models that people may choose.
    pub fn offered(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|model| model.offered)
    }

    /// Returns the models that people may choose on this day (UTC), in the order of the file.
    pub fn offered_on(&self, day: NaiveDate) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(move |model| model.offered && (model.default || model.is_served(day)))
    }
}

/// Checks the prices of a model. Rows that begin on the same day must have rising values of `up_to_prompt`,
/// the last without a limit, and one set of rows must apply from the beginning of time.
fn check_prices(model: &Model) -> Result<(), String> {
    let days: BTreeSet<Option<NaiveDate>> = model.prices.iter().map(|row| row.since).collect();
    if !days.contains(&None) {
        return Err(format!("{} needs prices without `since`", model.id));
    }
    for day in days {
        let rows = model.prices.iter().filter(|row| row.since == day);
        let limits: Vec<u64> = rows.map(|row| row.up_to_prompt.unwrap_or(u64::MAX)).collect();
        if limits.last() != Some(&u64::MAX) || !limits.is_sorted_by(|a, b| a < b) {
            return Err(format!("prices of {} must rise by up_to_prompt; the last one has none", model.id));
        }
    }
    if !model.prices.iter().flat_map(Prices::amounts).all(|amount| is_price(amount, TOKEN_DIGITS)) {
        return Err(format!(
            "prices of {} must be from 0 to 1000 dollars with at most 3 fraction digits",
            model.id
        ));
    }
    Ok(())
}

/// Returns whether an amount is a price that the books can keep exactly: with at most `digits` fraction
/// digits.
fn is_price(amount: Usd, digits: u32) -> bool {
    !amount.0.is_sign_negative() && amount.0 <= 1_000.into() && amount.0.normalize().scale() <= digits
}

#[cfg(test)]
mod tests;
