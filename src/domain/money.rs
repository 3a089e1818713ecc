//! Money: US dollars with nine decimal places, decimal throughout. There is no conversion from a float.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// An amount of US dollars. Rounded only when shown.
///
/// Arithmetic is exact: amounts of the books stay below 10^11, far from the limits of the decimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Usd(pub Decimal);

impl TryFrom<String> for Usd {
    type Error = rust_decimal::Error;

    /// Parses an amount such as `0.10`; refuses a number without quotes, because it would pass through a
    /// float.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<Usd> for String {
    /// Writes the exact amount without trailing zeros.
    fn from(amount: Usd) -> Self {
        amount.0.normalize().to_string()
    }
}

impl Usd {
    /// The most decimal places that an amount keeps, as in the database's `NUMERIC(20,9)`.
    pub const SCALE: u32 = 9;
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// The most integer digits of an amount that a person types.
    const TYPED_DIGITS: usize = 9;

    /// Returns the cost of `count` things at a price per million, exact to the last kept digit.
    #[must_use]
    pub fn per_million(self, count: u64) -> Self {
        Self(self.0 * Decimal::from(count) / Decimal::from(1_000_000)).kept()
    }

    /// Returns how many things this amount pays for at a price per million, at most [`u32::MAX`]; 0 for a
    /// negative amount.
    pub fn count_at(self, price_per_million: Self) -> u64 {
        let most = Decimal::from(u32::MAX);
        let count = (self.0 * Decimal::from(1_000_000)).checked_div(price_per_million.0);
        count.unwrap_or(most).clamp(Decimal::ZERO, most).to_u64().unwrap_or_default()
    }

    /// Returns the cost of `count` things.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self(self.0 * Decimal::from(count)).kept()
    }

    /// Rounds to the decimal places that the books keep, halves away from zero, as the database rounds.
    #[must_use]
    pub fn kept(self) -> Self {
        Self(self.0.round_dp_with_strategy(Self::SCALE, RoundingStrategy::MidpointAwayFromZero))
    }

    /// Formats the amount with every digit, for reports.
    pub fn exact(self) -> String {
        format!("${:.9}", self.0)
    }

    /// Formats the amount for people with all its digits, but at least cents: for promises and the amounts
    /// booked for them, which must not look better than they are.
    pub fn in_full(self) -> String {
        let mut size = self.0.abs().normalize();
        size.rescale(size.scale().max(2));
        let sign = if self.0 < Decimal::ZERO { "-" } else { "" };
        format!("{sign}${size}")
    }

    /// Returns the amount in 10^-9 US dollars, for counters; 0 for a negative amount.
    pub fn nano(self) -> u64 {
        u64::try_from((self.0 * Decimal::from(1_000_000_000)).round()).unwrap_or_default()
    }

    /// Returns whether the books can store the amount exactly.
    pub fn is_kept(self) -> bool {
        self.0.normalize().scale() <= Self::SCALE
    }

    /// Parses a signed amount that a person typed: digits, at most nine before and nine after a point.
    /// Refuses everything else: exponents, commas, blanks, words, zero.
    pub fn typed(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, Self::TYPED_DIGITS) || !digits(fraction, Self::SCALE as usize) {
            return None;
        }
        let amount: Decimal = text.strip_prefix('+').unwrap_or(text).parse().ok()?;
        (!amount.is_zero()).then_some(Self(amount))
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Usd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Usd {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    /// Formats the amount for people: up to four decimal places, because answers cost fractions of a cent,
    /// but at least cents. It uses more only if the amount would otherwise look like zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.0.abs() < Decimal::new(1, 4) { Self::SCALE } else { 4 };
        let shown = self.0.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
        f.write_str(&Self(shown).in_full())
    }
}

#[cfg(test)]
mod tests;
