//! The ids by which the model names files.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Begins every such id.
const PREFIX: &str = "file_";
/// The digits, in rising order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The number of digits of 128 bits.
const LENGTH: usize = 22;

/// The id of a file, sent by a person or made by a tool, as the model sees it: random, 128 bits. It gives no
/// access by itself: every search names the conversation too. In rows and JSON it is a UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicFileId(u128);

impl PublicFileId {
    /// Returns the id with this value of the column, which is a UUID as text.
    pub fn from_column(uuid: &str) -> Option<Self> {
        let digits = uuid.replace('-', "");
        if digits.len() == 32 { u128::from_str_radix(&digits, 16).ok().map(Self) } else { None }
    }

    /// Returns the value of the column.
    pub fn column(self) -> String {
        let digits = format!("{:032x}", self.0);
        let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        groups.join("-")
    }

    /// Creates an id from 128 random bits.
    pub(crate) fn of_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Reads an id from the model; white space around it is ignored. Returns `None` for everything else that
    /// [`fmt::Display`] would not have written.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix(PREFIX)?;
        if digits.len() != LENGTH {
            return None;
        }
        let value = digits.bytes().try_fold(0_u128, |value, digit| {
            let digit = DIGITS.iter().position(|&known| known == digit)?;
            value.checked_mul(62)?.checked_add(u128::try_from(digit).ok()?)
        });
        value.map(Self)
    }
}

impl fmt::Display for PublicFileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut rest, mut digits) = (self.0, [b'0'; LENGTH]);
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS[usize::try_from(rest % 62).unwrap_or_default()];
            rest /= 62;
        }
        f.write_str(PREFIX)?;
        digits.iter().try_for_each(|&digit| write!(f, "{}", char::from(digit)))
    }
}

impl From<PublicFileId> for String {
    fn from(id: PublicFileId) -> Self {
        id.column()
    }
}

impl TryFrom<String> for PublicFileId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_column(&text).ok_or("no UUID")
    }
}

#[cfg(test)]
mod tests;
