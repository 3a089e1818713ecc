//! The reader for every section: takes values from the source and collects problems.

use std::fmt::Display;
use std::net::SocketAddr;
use std::str::FromStr;

use secrecy::SecretString;
use url::Url;

use super::problem::Problem;
use super::source::ConfigSource;

/// Reads settings one by one and collects every problem.
pub(super) struct Reader<'a> {
    source: &'a ConfigSource,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a ConfigSource) -> Self {
        Self { source, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, variable: &'static str, advice: impl Into<String>) {
        self.problems.push(Problem { variable, advice: advice.into() });
    }

    /// Reads a plain variable.
    pub(super) fn text(&self, variable: &'static str) -> Option<&'a str> {
        self.source.variable(variable)
    }

    /// Reads a secret from the variable, or else from the file.
    pub(super) fn secret(&mut self, variable: &'static str, file: &'static str) -> Option<SecretString> {
        self.text_or_file(variable, file).map(SecretString::from)
    }

    /// Reads a value that is not secret from the variable, or else from a file.
    pub(super) fn text_or_file(&mut self, variable: &'static str, file: &'static str) -> Option<String> {
        self.source.variable(variable).map(str::to_owned).or_else(|| self.file(variable, file))
    }

    /// Reads a secret file; `variable` names the setting it belongs to.
    pub(super) fn file(&mut self, variable: &'static str, file: &'static str) -> Option<String> {
        self.source.secret_file(file).unwrap_or_else(|reason| {
            self.problem(variable, reason);
            None
        })
    }

    /// Reads a secret that the service cannot start without.
    pub(super) fn required_secret(
        &mut self,
        variable: &'static str,
        file: &'static str,
    ) -> Option<SecretString> {
        let before = self.problems.len();
        let secret = self.secret(variable, file);
        if secret.is_none() && self.problems.len() == before {
            self.problem(
                variable,
                format!("is required; set the variable or put it into the secret file {file}"),
            );
        }
        secret
    }

    /// Reads a value with a default. `expected` completes the sentence "must be ...".
    pub(super) fn parsed<T: FromStr>(&mut self, variable: &'static str, default: T, expected: &str) -> T {
        match self.source.variable(variable).map(str::parse) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.problem(variable, format!("must be {expected}"));
                default
            }
        }
    }

    /// Reads a number between `low` and `high`, both included.
    pub(super) fn number<T>(&mut self, variable: &'static str, default: T, low: T, high: T) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let expected = format!("a number from {low} to {high}");
        let value = self.parsed(variable, default, &expected);
        if value < low || value > high {
            self.problem(variable, format!("must be {expected}"));
            return default;
        }
        value
    }

    /// Reads the base address of a service and removes a trailing slash.
    pub(super) fn base_url(&mut self, variable: &'static str, default: &str) -> String {
        let text = self.source.variable(variable).unwrap_or(default);
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {}
            _ => self.problem(variable, "must be an address such as https://host or http://127.0.0.1:8081"),
        }
        text.trim_end_matches('/').to_owned()
    }

    /// Reads an address to listen on.
    pub(super) fn listen(&mut self, variable: &'static str, default: SocketAddr) -> SocketAddr {
        self.parsed(variable, default, "an address and port to listen on, such as 0.0.0.0:8080")
    }
}

/// Says whether a secret is set, without showing it.
pub(super) fn presence<T>(secret: Option<&T>) -> &'static str {
    if secret.is_some() { "(set, hidden)" } else { "(not set)" }
}
