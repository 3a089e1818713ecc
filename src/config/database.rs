//! Settings of PostgreSQL and Redis. A password may be in a secret file of its own.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::section::{Reader, presence};

const MIB: u64 = 1024 * 1024;

/// The settings of PostgreSQL, Redis and the store of made files.
#[derive(Clone, Debug)]
pub struct Database {
    /// PostgreSQL, password included.
    pub postgres: SecretString,
    /// The address of Redis, password included; `None` means to run without a cache.
    pub redis: Option<SecretString>,
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
        let postgres = match reader.text("DATABASE_URL") {
            None => {
                reader.problem("DATABASE_URL", "is required, such as postgres://starling@localhost/starling");
                None
            }
            Some(text) => {
                let schemes = ["postgres", "postgresql"];
                with_password(reader, "DATABASE_URL", text, &schemes, "postgres_password")
            }
        };
        let redis = reader
            .text("REDIS_URL")
            .and_then(|text| with_password(reader, "REDIS_URL", text, &["redis"], "redis_password"));
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

/// Adds the password from the secret file to an address without one.
fn with_password(
    reader: &mut Reader<'_>,
    variable: &'static str,
    text: &str,
    schemes: &[&str],
    file: &'static str,
) -> Option<SecretString> {
    let Some(mut url) = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme())) else {
        reader.problem(variable, format!("must be an address that begins with {}://", schemes[0]));
        return None;
    };
    if url.password().is_none()
        && url.has_host()
        && let Some(password) = reader.file(variable, file)
        && url.set_password(Some(&password)).is_err()
    {
        reader.problem(variable, format!("cannot take the password from the secret file {file}"));
    }
    Some(SecretString::from(url.to_string()))
}

/// Returns the address with its password hidden.
fn shown(url: &SecretString) -> String {
    Url::parse(url.expose_secret()).map_or_else(
        |_| "(hidden)".to_owned(),
        |mut url| {
            if url.password().is_some() && url.set_password(Some("hidden")).is_err() {
                return "(hidden)".to_owned();
            }
            url.to_string()
        },
    )
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "DATABASE_URL={}\nDATABASE_POOL_SIZE={}", shown(&self.postgres), self.pool_size)?;
        let redis = self.redis.as_ref().map_or_else(|| presence(None::<&()>).to_owned(), shown);
        writeln!(f, "REDIS_URL={redis}")?;
        writeln!(f, "MADE_FILES_MB={}", self.made_files / MIB)?;
        writeln!(f, "MADE_FILES_REDIS_MB={}", self.made_files_cached / MIB)?;
        writeln!(f, "ALLOW_NEWER_SCHEMA={}", self.allows_newer_schema)
    }
}
