//! Money: US dollars with nine fraction digits, decimal throughout. There is no way in from a float.

use std::fmt;

use rust_decimal::Decimal;
use serde::Deserialize;

/// An amount of US dollars. Rounded only when shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Usd(pub Decimal);

impl TryFrom<String> for Usd {
    type Error = rust_decimal::Error;

    /// Reads an amount such as `0.10`; a number without quotes is refused, because it would pass through a float.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl Usd {
    /// The most fraction digits that an amount keeps; the same as the database's `NUMERIC(20,9)`.
    pub const SCALE: u32 = 9;
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.0.normalize())
    }
}
