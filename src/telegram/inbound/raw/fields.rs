//! JSON objects of the Bot API, read lazily field by field. A field that is null, of a wrong type or out of range
//! counts as absent and does not affect the others. Integers may also be written as strings or as `12.0`; `has` only
//! tests presence.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::clean;

/// The unread fields of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields<'a>(HashMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Returns the fields of JSON that went through [`clean::escapes`], or `None` if it is no object.
    pub(crate) fn of(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// Returns the names of all fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns the JSON of a field, or `None` if it is absent or null.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get()).filter(|value| *value != "null")
    }

    /// Returns whether a field is present and neither null nor false.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.json(name).is_some_and(|value| value != "false")
    }

    /// Returns whether a field is true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.json(name) == Some("true")
    }

    /// Returns a text without the characters that cannot be stored.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.exact_text(name).map(clean::text)
    }

    /// Returns a name or title as one line, or `None` if it is blank.
    pub(crate) fn line(&self, name: &str) -> Option<String> {
        self.exact_text(name).map(|text| clean::line(&text)).filter(|line| !line.is_empty())
    }

    /// Returns a text with placeholders for characters that cannot be stored, so that the offsets of entities
    /// stay valid.
    pub(crate) fn exact_text(&self, name: &str) -> Option<String> {
        self.json(name).and_then(text)
    }

    /// Returns an integer, even if it is written as a string or with a fraction of zero.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        let digits = self.json(name)?.trim_matches('"');
        digits.strip_suffix(".0").unwrap_or(digits).parse().ok()
    }

    /// Returns an integer of a smaller type, if it fits.
    pub(crate) fn small<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.number(name)?).ok()
    }

    /// Returns the fields of an object.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        self.json(name).and_then(Self::of)
    }

    /// Returns the elements of a list as JSON; empty if it is no list.
    pub(crate) fn list(&self, name: &str) -> Vec<&'a str> {
        self.json(name).and_then(elements).unwrap_or_default()
    }

    /// Returns the elements of a list that are objects.
    pub(crate) fn objects(&self, name: &str) -> impl Iterator<Item = Self> {
        self.list(name).into_iter().filter_map(Self::of)
    }
}

/// Returns the text of a JSON string, or `None` if it is no string.
pub(crate) fn text(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// Returns the elements of a JSON list, or `None` if it is no list.
pub(crate) fn elements(json: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

#[cfg(test)]
mod tests;
