//! The model table: read once at start from the file inside the binary or from `MODELS_FILE`, then frozen.

use std::path::Path;

use serde::Deserialize;

use crate::domain::model::{Model, ModelId};

const BUILT_IN: &str = include_str!("models.toml");

/// All models, in the order of the file.
#[derive(Clone, Debug)]
pub struct Registry {
    models: Vec<Model>,
    default: usize,
}

/// A table that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be read.
    #[error("{0} cannot be read")]
    File(String, #[source] std::io::Error),
    /// It is no TOML of the right form.
    #[error("the model table has a wrong form")]
    Form(#[source] toml::de::Error),
    /// It has the right form but makes no sense.
    #[error("the model table makes no sense: {0}")]
    Sense(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    model: Vec<Model>,
}

impl Registry {
    /// The table of `file`, or the one inside the binary.
    ///
    /// # Errors
    /// When the file is missing or wrong.
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

    fn parse(text: &str) -> Result<Self, RegistryError> {
        let Table { model: models } = toml::from_str(text).map_err(RegistryError::Form)?;
        let sense = |what: String| Err(RegistryError::Sense(what));
        for (number, model) in models.iter().enumerate() {
            if models[..number].iter().any(|other| other.id == model.id) {
                return sense(format!("{} stands there twice", model.id));
            }
            if model.max_output == 0 || model.max_output >= model.window {
                return sense(format!("max_output of {} must lie between 0 and its window", model.id));
            }
            let limits: Vec<u64> =
                model.prices.iter().map(|row| row.up_to_prompt.unwrap_or(u64::MAX)).collect();
            if limits.last() != Some(&u64::MAX) || !limits.is_sorted_by(|a, b| a < b) {
                return sense(format!(
                    "prices of {} must rise by up_to_prompt; the last one has none",
                    model.id
                ));
            }
        }
        let defaults: Vec<usize> = (0..models.len()).filter(|&number| models[number].default).collect();
        match defaults[..] {
            [default] => Ok(Self { models, default }),
            _ => sense("exactly one model must be the default".to_owned()),
        }
    }

    /// The model that new users start with.
    pub fn default_model(&self) -> &Model {
        &self.models[self.default]
    }

    /// A model by name, if the table has it.
    pub fn get(&self, id: &ModelId) -> Option<&Model> {
        self.models.iter().find(|model| &model.id == id)
    }

    /// The model that a user chose, or the default if there is none or it has vanished from the table.
    pub fn chosen(&self, id: Option<&ModelId>) -> &Model {
        id.and_then(|id| self.get(id)).unwrap_or_else(|| self.default_model())
    }

    /// The models that `/model` offers.
    pub fn offered(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|model| model.offered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_offers_three_models() {
        let registry = Registry::load(None).unwrap();
        let names: Vec<&str> = registry.offered().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["Claude Sonnet 5.5", "Claude Opus 5.5", "Claude Haiku 5.5"]);
        assert_eq!(registry.default_model().id.0, "claude-sonnet-5-5");
        let vanished = ModelId("claude-sonnet-4-5".into());
        assert_eq!(registry.chosen(Some(&vanished)).id.0, "claude-sonnet-5-5");
    }

    #[test]
    fn a_wrong_table_is_refused_with_the_reason() {
        let row = |changes: &[(&str, &str)]| {
            changes.iter().fold(BUILT_IN.to_owned(), |text, (from, to)| text.replace(from, to))
        };
        for (text, reason) in [
            (row(&[("default = true", "")]), "exactly one model"),
            (row(&[("claude-opus-5-5", "claude-sonnet-5-5")]), "stands there twice"),
            (row(&[("max_output = 128_000", "max_output = 2_000_000")]), "must lie between"),
            (row(&[("up_to_prompt = 100_000", "")]), "must rise"),
            (row(&[("window =", "windov =")]), "wrong form"),
            (row(&[("\"2.50\"", "2.50")]), "wrong form"),
        ] {
            let error = Registry::parse(&text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error} does not tell {reason}");
        }
    }
}
