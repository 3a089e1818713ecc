//! Settings of the connections to PostgreSQL: one server or several, with or without a pooler.

use std::fmt;

use secrecy::SecretString;
use url::Url;

use super::addresses;
use super::section::{Reader, presence};

const SCHEMES: [&str; 2] = ["postgres", "postgresql"];
const PASSWORD: &str = "postgres_password";

/// How the bot reaches PostgreSQL.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// The address of each server, password included, in the order in which they are preferred. At least one.
    pub servers: Vec<SecretString>,
    /// Whether a server that refuses writes is passed over, because another one may take them.
    pub needs_writable: bool,
    /// Whether a pooler in transaction mode is in between: a session ends with its transaction.
    pub has_pooler: bool,
    /// The servers behind the pooler, for migrations, which need a session; empty without a pooler.
    pub direct: Vec<SecretString>,
    /// `DATABASE_URL` with its password hidden.
    shown: String,
    /// `DATABASE_DIRECT_URL` with its password hidden.
    direct_shown: String,
}

impl Postgres {
    /// Returns the settings for one server at an address.
    pub fn at(address: SecretString) -> Self {
        Self {
            servers: vec![address],
            needs_writable: false,
            has_pooler: false,
            direct: Vec::new(),
            shown: String::new(),
            direct_shown: String::new(),
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let servers = reader.text("DATABASE_URL");
        if servers.is_none() {
            reader.problem("DATABASE_URL", "is required, such as postgres://starling@localhost/starling");
        }
        let has_pooler = match reader.text("DATABASE_POOLER") {
            None | Some("none") => false,
            Some("transaction") => true,
            Some(_) => {
                reader.problem("DATABASE_POOLER", "must be none or transaction");
                false
            }
        };
        let direct = reader.text("DATABASE_DIRECT_URL");
        if has_pooler && direct.is_none() {
            reader.problem(
                "DATABASE_DIRECT_URL",
                "is required with DATABASE_POOLER: the address of PostgreSQL itself, for migrations",
            );
        }
        let direct = direct.and_then(|text| List::read(reader, "DATABASE_DIRECT_URL", text));
        let servers = List::read(reader, "DATABASE_URL", servers?)?;
        let direct = direct.unwrap_or_default();
        Some(Self {
            servers: servers.addresses,
            needs_writable: servers.needs_writable,
            has_pooler,
            direct: direct.addresses,
            shown: servers.shown,
            direct_shown: direct.shown,
        })
    }

    /// Returns whether there is an address that is not used.
    pub(super) fn has_idle_direct(&self) -> bool {
        !self.has_pooler && !self.direct.is_empty()
    }
}

/// The servers that a setting names.
#[derive(Default)]
struct List {
    addresses: Vec<SecretString>,
    needs_writable: bool,
    shown: String,
}

impl List {
    fn read(reader: &mut Reader<'_>, variable: &'static str, text: &str) -> Option<Self> {
        let mut urls = addresses::read(reader, variable, text, &SCHEMES, PASSWORD)?;
        let shown = addresses::shown(&urls);
        let take = |url: &mut Url| addresses::take_parameter(url, "target_session_attrs");
        let wanted: Vec<Option<String>> = urls.iter_mut().map(take).collect();
        let needs_writable = match wanted[0].as_deref() {
            None | Some("any") => urls.len() > 1,
            Some("read-write" | "primary") => true,
            Some(_) => {
                reader.problem(
                    variable,
                    "has a target_session_attrs that is not read-write: the bot needs to write",
                );
                true
            }
        };
        let addresses = urls.into_iter().map(|url| String::from(url).into()).collect();
        Some(Self { addresses, needs_writable, shown })
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "DATABASE_URL={}", self.shown)?;
        writeln!(f, "DATABASE_POOLER={}", if self.has_pooler { "transaction" } else { "none" })?;
        let direct = if self.direct.is_empty() { presence(None::<&()>) } else { &self.direct_shown };
        writeln!(f, "DATABASE_DIRECT_URL={direct}")
    }
}
