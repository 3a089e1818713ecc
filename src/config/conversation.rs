//! Limits of conversations: batching, parallel answers, money.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rust_decimal::Decimal;

use super::section::Reader;
use crate::domain::money::Usd;

/// The longest time in milliseconds that a batch stays open, however many messages arrive; so also the largest
/// value of `BATCH_WINDOW_MS`.
pub(crate) const LONGEST_BATCH_WINDOW_MS: u64 = 1_000;
/// The largest value of `FILE_BYTES_PER_DAY`: 1,000 TB.
const MOST_BYTES: u64 = 1_000_000_000_000_000;

/// How conversations behave.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// How long a batch stays open after its last message.
    pub batch_window: Duration,
    /// The starter grant of a new user, US dollars.
    pub starter_balance: Usd,
    /// The number of answers that may run at once per user; further ones wait in order.
    pub max_turns_per_user: usize,
    /// How far below zero a tool loop may take the balance before it gets its last answer.
    pub overdraft_limit: Usd,
    /// The cost of one request after which the person is asked whether to go on; zero for no limit.
    pub turn_limit: Usd,
    /// The most to which a person may raise that limit.
    pub most_turn_limit: Usd,
    /// The most bytes of files that are fetched for one user in a day (UTC), except for administrators; 0 means no
    /// limit.
    pub file_bytes_per_day: u64,
    /// How long conversations are kept, in days.
    pub messages_kept_days: i64,
    /// A model table that replaces the built-in one.
    pub models_file: Option<PathBuf>,
}

impl Conversation {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            batch_window: Duration::from_millis(reader.number(
                "BATCH_WINDOW_MS",
                200,
                0,
                LONGEST_BATCH_WINDOW_MS,
            )),
            starter_balance: usd(reader, "STARTER_BALANCE_USD", Decimal::new(10, 2)),
            max_turns_per_user: reader.number("MAX_TURNS_PER_USER", 5, 1, 1_000),
            overdraft_limit: usd(reader, "OVERDRAFT_LIMIT_USD", Decimal::new(50, 2)),
            turn_limit: usd(reader, "TURN_LIMIT_USD", Decimal::ONE),
            most_turn_limit: usd(reader, "TURN_LIMIT_MAX_USD", Decimal::from(5)),
            file_bytes_per_day: reader.number("FILE_BYTES_PER_DAY", 500_000_000, 0, MOST_BYTES),
            messages_kept_days: reader.number("MESSAGES_KEPT_DAYS", 90, 1, 36_500),
            models_file: models_file(reader),
        }
    }
}

/// Reads an amount that is not negative and has no more decimal places than are stored.
fn usd(reader: &mut Reader<'_>, variable: &'static str, default: Decimal) -> Usd {
    let amount = reader.parsed(variable, default, "an amount in US dollars such as 0.10");
    if amount.is_sign_negative() || amount.scale() > Usd::SCALE || amount > Decimal::from(1_000_000) {
        reader.problem(variable, "must be an amount from 0 to 1000000 with at most 9 fraction digits");
        return Usd(default);
    }
    Usd(amount)
}

fn models_file(reader: &mut Reader<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(reader.text("MODELS_FILE")?);
    if !path.is_file() {
        reader.problem("MODELS_FILE", format!("there is no file {}", path.display()));
    }
    Some(path)
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "BATCH_WINDOW_MS={}", self.batch_window.as_millis())?;
        writeln!(f, "STARTER_BALANCE_USD={}", self.starter_balance.0)?;
        writeln!(f, "MAX_TURNS_PER_USER={}", self.max_turns_per_user)?;
        writeln!(f, "OVERDRAFT_LIMIT_USD={}", self.overdraft_limit.0)?;
        writeln!(f, "TURN_LIMIT_USD={}", self.turn_limit.0)?;
        writeln!(f, "TURN_LIMIT_MAX_USD={}", self.most_turn_limit.0)?;
        writeln!(f, "FILE_BYTES_PER_DAY={}", self.file_bytes_per_day)?;
        writeln!(f, "MESSAGES_KEPT_DAYS={}", self.messages_kept_days)?;
        let file = self
            .models_file
            .as_ref()
            .map_or_else(|| "(built in)".to_owned(), |path| path.display().to_string());
        writeln!(f, "MODELS_FILE={file}")
    }
}
