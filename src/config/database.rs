//! Settings of what stores the bot's data. A password may be in a secret file of its own.

use std::fmt;

use super::postgres::Postgres;
use super::redis_server::Redis;
use super::section::{Reader, presence};

const MIB: u64 = 1024 * 1024;

/// The settings of PostgreSQL, Redis and the store of made files.
#[derive(Clone, Debug)]
pub struct Database {
    /// The servers of PostgreSQL.
    pub postgres: Postgres,
    /// Redis; `None` means to run without a cache.
    pub redis: Option<Redis>,
    /// The maximum number of open connections to PostgreSQL.
    pub pool_size: u32,
    /// The room for made files not yet delivered, in bytes.
    pub made_files: u64,
    /// The most that Redis may hold of their copies, in bytes.
    pub made_files_cached: u64,
    /// Whether the bot starts with a schema that is newer than the binary, after a roll back.
    pub allows_newer_schema: bool,
}

impl Database {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let postgres = Postgres::read(reader);
        let redis = Redis::read(reader);
        let pool_size = reader.number("DATABASE_POOL_SIZE", 8, 3, 500);
        let made_files = MIB * reader.number("MADE_FILES_MB", 1_024, 200, 1_000_000);
        let made_files_cached = MIB * reader.number("MADE_FILES_REDIS_MB", 256, 0, 1_000_000);
        let allows_newer_schema = reader.parsed("ALLOW_NEWER_SCHEMA", false, "true or false");
        Some(Self {
            postgres: postgres?,
            redis,
            pool_size,
            made_files,
            made_files_cached,
            allows_newer_schema,
        })
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.postgres.fmt(f)?;
        writeln!(f, "DATABASE_POOL_SIZE={}", self.pool_size)?;
        match &self.redis {
            Some(redis) => redis.fmt(f)?,
            None => writeln!(f, "REDIS_URL={}", presence(None::<&()>))?,
        }
        writeln!(f, "MADE_FILES_MB={}", self.made_files / MIB)?;
        writeln!(f, "MADE_FILES_REDIS_MB={}", self.made_files_cached / MIB)?;
        writeln!(f, "ALLOW_NEWER_SCHEMA={}", self.allows_newer_schema)
    }
}
