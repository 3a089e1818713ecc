//! Settings of the connection to Redis: one server, or the Sentinels that know the master of the moment.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::addresses;
use super::section::{Reader, presence};

const SCHEMES: [&str; 4] = ["redis", "rediss", "redis+sentinel", "rediss+sentinel"];
/// The port of a Sentinel whose address names none.
const SENTINEL_PORT: u16 = 26_379;

/// How the bot reaches Redis.
#[derive(Clone, Debug)]
pub struct Redis {
    /// The address of the server, password included. With Sentinel, its host and port are those of a Sentinel
    /// and only the rest counts.
    pub server: SecretString,
    /// The Sentinels to ask for the server.
    pub sentinel: Option<Sentinel>,
    /// The certificates (PEM) that vouch for the servers instead of the public ones.
    pub certificates: Option<String>,
    /// `REDIS_URL` with its password hidden.
    shown: String,
    certificates_file: Option<String>,
}

/// Who knows the master.
#[derive(Clone, Debug)]
pub struct Sentinel {
    /// The address of each Sentinel, password included.
    pub servers: Vec<SecretString>,
    /// The name of the master.
    pub master: String,
    has_password: bool,
}

impl Redis {
    /// Returns the settings for one server at an address.
    pub fn at(server: SecretString) -> Self {
        Self { server, sentinel: None, certificates: None, shown: String::new(), certificates_file: None }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text("REDIS_URL")?;
        let urls = addresses::read(reader, "REDIS_URL", text, &SCHEMES, "redis_password")?;
        let shown = addresses::shown(&urls);
        let is_encrypted = urls.first()?.scheme().starts_with("rediss");
        let (server, sentinel) = if urls.first()?.scheme().ends_with("+sentinel") {
            let (server, sentinel) = sentinel(reader, urls)?;
            (server, Some(sentinel))
        } else if let [server] = &urls[..] {
            (server.clone(), None)
        } else {
            reader.problem("REDIS_URL", "has several hosts: for Sentinels write redis+sentinel://a,b,c/name");
            return None;
        };
        let (certificates_file, certificates) = certificates(reader, is_encrypted).unzip();
        let server = String::from(server).into();
        Some(Self { server, sentinel, certificates, shown, certificates_file })
    }
}

/// Reads `redis+sentinel://user:password@a:26379,b:26379/master/0`. Returns the address of the server, with the
/// host of a Sentinel in place of its own.
fn sentinel(reader: &mut Reader<'_>, urls: Vec<Url>) -> Option<(Url, Sentinel)> {
    let mut server = urls.first()?.clone();
    let path = server.path().trim_start_matches('/').to_owned();
    let (master, database) = path.split_once('/').unwrap_or((&path, "0"));
    if master.is_empty() || !urls.iter().all(Url::has_host) {
        reader.problem("REDIS_URL", "must name the master, such as redis+sentinel://a,b,c/mymaster");
        return None;
    }
    let scheme = server.scheme().trim_end_matches("+sentinel").to_owned();
    // The schemes are alike, and a host is there, so none of this fails.
    server.set_scheme(&scheme).ok()?;
    server.set_path(&format!("/{database}"));
    let password = reader.secret("REDIS_SENTINEL_PASSWORD", "redis_sentinel_password");
    let servers = urls.into_iter().map(|mut url| {
        url.set_scheme(&scheme).ok()?;
        url.set_username("").ok()?;
        url.set_password(password.as_ref().map(ExposeSecret::expose_secret)).ok()?;
        url.set_port(url.port().or(Some(SENTINEL_PORT))).ok()?;
        url.set_path("");
        Some(String::from(url).into())
    });
    let servers = servers.collect::<Option<Vec<SecretString>>>()?;
    Some((server, Sentinel { servers, master: master.to_owned(), has_password: password.is_some() }))
}

/// Reads the file of certificates; returns its name and content.
fn certificates(reader: &mut Reader<'_>, is_encrypted: bool) -> Option<(String, String)> {
    let file = reader.text("REDIS_CA_FILE")?;
    if !is_encrypted {
        reader.problem("REDIS_CA_FILE", "has no use with redis://: write rediss:// in REDIS_URL");
        return None;
    }
    match std::fs::read_to_string(file) {
        Ok(text) if text.contains("BEGIN CERTIFICATE") => Some((file.to_owned(), text)),
        Ok(_) => {
            reader.problem("REDIS_CA_FILE", format!("{file} has no certificate in PEM form"));
            None
        }
        Err(error) => {
            reader.problem(
                "REDIS_CA_FILE",
                format!("{file} cannot be read ({error}); let the bot's user read it"),
            );
            None
        }
    }
}

impl fmt::Display for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.sentinel.as_ref().filter(|sentinel| sentinel.has_password);
        writeln!(f, "REDIS_URL={}", self.shown)?;
        let file = self.certificates_file.as_deref();
        writeln!(f, "REDIS_CA_FILE={}", file.unwrap_or(presence(None::<&()>)))?;
        writeln!(f, "REDIS_SENTINEL_PASSWORD={}", presence(password))
    }
}
