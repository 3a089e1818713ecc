//! Balances of Stars: the wallets of people, the balance of the bot, and the list of transactions.

use std::collections::BTreeMap;

use super::super::clock::unix_now;

/// The other party of a transaction with the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Partner {
    /// A person who paid an invoice or received its refund.
    User { id: i64, payload: String },
    /// Fragment, through which a bot's owner withdraws Stars.
    Fragment,
}

/// One line of `getStarTransactions`.
#[derive(Debug, Clone)]
pub(in super::super) struct Transaction {
    /// The charge id of a payment; its refund has the same id.
    pub id: String,
    pub stars: u32,
    pub date: i64,
    pub incoming: bool,
    pub partner: Partner,
}

/// All balances and transactions.
#[derive(Debug, Default)]
pub(in super::super) struct Ledger {
    wallets: BTreeMap<i64, u32>,
    bot: u32,
    /// Oldest first.
    pub transactions: Vec<Transaction>,
}

impl Ledger {
    pub(in super::super) fn wallet(&self, user: i64) -> u32 {
        self.wallets.get(&user).copied().unwrap_or(0)
    }

    pub(super) fn set_wallet(&mut self, user: i64, stars: u32) {
        self.wallets.insert(user, stars);
    }

    pub(in super::super) fn bot(&self) -> u32 {
        self.bot
    }

    /// Moves Stars from a wallet to the bot. Returns `false`, and moves nothing, if the wallet has fewer.
    pub(super) fn pay(&mut self, user: i64, stars: u32, charge: &str, payload: &str) -> bool {
        let Some(rest) = self.wallet(user).checked_sub(stars) else { return false };
        self.wallets.insert(user, rest);
        self.bot = self.bot.saturating_add(stars);
        self.note(charge, stars, true, Partner::User { id: user, payload: payload.to_owned() });
        true
    }

    /// Moves the Stars of a payment back to the wallet. Returns `false`, and moves nothing, if the bot has
    /// fewer.
    pub(super) fn give_back(&mut self, user: i64, stars: u32, charge: &str, payload: &str) -> bool {
        let Some(rest) = self.bot.checked_sub(stars) else { return false };
        self.bot = rest;
        self.wallets.insert(user, self.wallet(user).saturating_add(stars));
        self.note(charge, stars, false, Partner::User { id: user, payload: payload.to_owned() });
        true
    }

    /// Withdraws Stars of the bot. Returns `false`, and moves nothing, if the bot has fewer.
    pub(super) fn withdraw(&mut self, stars: u32, id: &str) -> bool {
        let Some(rest) = self.bot.checked_sub(stars) else { return false };
        self.bot = rest;
        self.note(id, stars, false, Partner::Fragment);
        true
    }

    fn note(&mut self, id: &str, stars: u32, incoming: bool, partner: Partner) {
        self.transactions.push(Transaction { id: id.to_owned(), stars, date: unix_now(), incoming, partner });
    }
}
