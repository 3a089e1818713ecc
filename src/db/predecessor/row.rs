//! A row of the predecessor, read leniently: a column may be missing, empty, or of another type.

use chrono::{DateTime, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::domain::money::Usd;

/// A row, by the names of its columns.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Row {
    columns: Map<String, Value>,
    /// Whether its text was not UTF-8 and lost something.
    pub broken: bool,
}

impl Row {
    /// Reads a row that the server wrote as JSON. A database without an encoding (SQL_ASCII) may contain any
    /// bytes; those that are not UTF-8 are replaced.
    pub(super) fn read(json: &[u8]) -> Self {
        let text = String::from_utf8_lossy(json);
        let broken = matches!(text, std::borrow::Cow::Owned(_));
        match serde_json::from_str(&text) {
            Ok(Value::Object(columns)) => Self { columns, broken },
            _ => Self { columns: Map::new(), broken: true },
        }
    }

    /// Returns a whole number.
    pub(crate) fn number(&self, column: &str) -> Option<i64> {
        match self.columns.get(column)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Returns a text without NUL and without blanks around it; `None` if nothing is left.
    pub(crate) fn text(&self, column: &str) -> Option<String> {
        shown(self.columns.get(column)?)
    }

    /// Returns a text inside a JSON column, by the names of its fields in order of preference.
    pub(crate) fn inner(&self, column: &str, fields: &[&str]) -> Option<String> {
        let value = match self.columns.get(column)? {
            // JSON that was stored as a string of JSON.
            Value::String(text) => &serde_json::from_str(text).ok()?,
            value => value,
        };
        fields.iter().find_map(|field| shown(value.get(field)?))
    }

    /// Returns whether a column is true.
    pub(crate) fn flag(&self, column: &str) -> bool {
        match self.columns.get(column) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "t" | "true"),
            _ => false,
        }
    }

    /// Returns a time. One without a zone is UTC; one that is infinite is none.
    pub(crate) fn time(&self, column: &str) -> Option<DateTime<Utc>> {
        let text = self.text(column)?;
        let zoned = DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc());
        zoned.or_else(|_| text.parse::<NaiveDateTime>().map(|time| time.and_utc())).ok()
    }

    /// Returns an amount; `None` if it is missing, not a number, or more than the books can hold.
    pub(crate) fn amount(&self, column: &str) -> Option<Usd> {
        let amount = Usd(self.text(column)?.parse().ok()?);
        (amount.is_kept() && amount.0.abs() < MOST).then_some(amount)
    }
}

/// The amounts that `NUMERIC(20,9)` cannot hold begin here.
const MOST: Decimal = rust_decimal::dec!(100000000000);

fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.replace('\0', ""),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
