//! Telegram Stars: the packages, and the formula that converts Stars to balance.

use rust_decimal::{Decimal, dec};

use super::money::Usd;

/// The packages that `/pay` offers: the number of Stars and the name.
pub(crate) const PACKAGES: [(u32, &str); 5] =
    [(10, "Micro"), (50, "Starter"), (100, "Basic"), (250, "Standard"), (500, "Premium")];
/// Telegram's currency code of Stars.
pub(crate) const CURRENCY: &str = "XTR";
/// The most Stars per invoice.
pub(crate) const MOST: u32 = 2_500;
/// How long a payment can be refunded, in days.
pub(crate) const REFUND_DAYS: i64 = 30;

/// The worth of a Star before deductions: 0.013 US dollars.
const RATE: Decimal = dec!(0.013);
/// k1: Telegram's share when Stars are withdrawn, 35 %.
pub(crate) const WITHDRAWAL: Decimal = dec!(0.35);
/// k2: Telegram's share for topics in private chats, 15 %.
pub(crate) const TOPICS: Decimal = dec!(0.15);

/// The operator's margin (k3), a share from 0 to [`Margin::MOST`] with at most four fraction digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Margin(Decimal);

impl Margin {
    /// The largest margin: with a larger one nothing would be left to credit.
    pub const MOST: Decimal = dec!(0.49);

    /// Parses a margin as typed or stored, such as `0.1`.
    pub fn read(text: &str) -> Option<Self> {
        let typed = text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let value: Decimal = text.parse().ok().filter(|_| typed)?;
        (value <= Self::MOST && value.scale() <= 4).then_some(Self(value))
    }

    /// Returns the margin as a share.
    pub fn share(self) -> Decimal {
        self.0
    }
}

/// Returns the worth of Stars before deductions.
pub(crate) fn worth(stars: i64) -> Usd {
    Usd(Decimal::from(stars) * RATE)
}

/// Returns the exact credit for Stars: their worth minus the shares of Telegram and the operator.
pub(crate) fn credit(stars: u32, margin: Margin) -> Usd {
    let kept = Decimal::ONE - WITHDRAWAL - TOPICS - margin.0;
    Usd(Decimal::from(stars) * RATE * kept).kept()
}

#[cfg(test)]
mod tests;
