//! Settings: read once at start from the environment and secret files, checked as a whole, frozen afterwards.
//! All problems are collected before any is reported, so that an operator can fix them in one go.
//! Nothing outside this folder reads the environment.

mod problem;
mod section;
pub mod source;

mod addresses;
mod conversation;
mod database;
mod postgres;
mod providers;
mod redis_server;
mod service;
mod telegram;
mod web;

use std::collections::BTreeSet;
use std::fmt;

pub use conversation::Conversation;
pub(crate) use conversation::LONGEST_BATCH_WINDOW_MS;
pub use database::Database;
pub use postgres::Postgres;
pub use problem::{Problem, Problems};
pub use providers::{Anthropic, OptionalProvider, Providers};
pub use redis_server::Redis;
pub use service::{LogFormat, Service};
pub use telegram::{Mode, Telegram};
pub use web::Web;

use crate::domain::ids::UserId;
use section::Reader;
use source::ConfigSource;

/// All settings of the service. `Debug` and `Display` never show a secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// The Bot API.
    pub telegram: Telegram,
    /// The chat model's API.
    pub anthropic: Anthropic,
    /// The optional providers.
    pub providers: Providers,
    /// PostgreSQL and Redis.
    pub database: Database,
    /// Limits of conversations.
    pub conversation: Conversation,
    /// What models may do on the web.
    pub web: Web,
    /// Logs, metrics, shutdown.
    pub service: Service,
    /// Users with administrators' rights.
    pub privileged: BTreeSet<UserId>,
}

impl Config {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// Returns all problems together, each naming its variable and what to write there.
    pub fn load(source: &ConfigSource) -> Result<Self, Problems> {
        let mut reader = Reader::new(source);
        let telegram = Telegram::read(&mut reader);
        let anthropic = Anthropic::read(&mut reader);
        let providers = Providers::read(&mut reader);
        let database = Database::read(&mut reader);
        let conversation = Conversation::read(&mut reader);
        let web = Web::read(&mut reader);
        let service = Service::read(&mut reader);
        let privileged = service::privileged(&mut reader);
        match (telegram, anthropic, database) {
            (Some(telegram), Some(anthropic), Some(database)) if reader.problems.is_empty() => {
                Ok(Self { telegram, anthropic, providers, database, conversation, web, service, privileged })
            }
            _ => Err(Problems(reader.problems)),
        }
    }

    /// Returns warnings about settings that are legal but likely to cause trouble, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.service.shutdown_grace.as_secs() < 10 {
            warnings.push(
                "SHUTDOWN_GRACE_SECONDS is below 10: running answers will be cut at each restart".into(),
            );
        }
        if self.database.redis.is_none() {
            warnings.push("REDIS_URL is not set: the bot runs without a cache".into());
        }
        if self.database.postgres.has_idle_direct() {
            warnings.push("DATABASE_DIRECT_URL is set without DATABASE_POOLER: it is not used".into());
        }
        if self.privileged.is_empty() {
            warnings.push("PRIVILEGED_USERS is empty: nobody can use the administrators' commands".into());
        }
        let daily = self.conversation.file_bytes_per_day;
        if daily > 0 && daily < self.telegram.file_limit {
            warnings.push(
                "FILE_BYTES_PER_DAY is below TELEGRAM_FILE_LIMIT_MB: files larger than it are never read"
                    .into(),
            );
        }
        warnings
    }
}

impl fmt::Display for Config {
    /// Writes one line per setting, as `starling config` prints them; secrets are only "set" or "not set".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.telegram.fmt(f)?;
        self.anthropic.fmt(f)?;
        self.providers.fmt(f)?;
        self.database.fmt(f)?;
        self.conversation.fmt(f)?;
        self.web.fmt(f)?;
        self.service.fmt(f)?;
        let privileged: Vec<String> = self.privileged.iter().map(ToString::to_string).collect();
        writeln!(f, "PRIVILEGED_USERS={}", privileged.join(","))
    }
}

#[cfg(test)]
mod tests;
