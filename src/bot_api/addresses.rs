//! The URLs of the methods and files of one bot.

use std::fmt;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use url::ParseError;

/// The base URLs of one bot, parsed once: parsing costs more than the rest of what precedes a call. They
/// contain the token, so they are never printed.
#[derive(Clone)]
pub(super) struct Addresses {
    methods: Url,
    files: Url,
}

impl Addresses {
    /// Creates the URLs for the bot of `token` at the API at `url`.
    ///
    /// # Errors
    /// Returns an error if `url` is invalid.
    pub(super) fn new(url: &str, token: &SecretString) -> Result<Self, ParseError> {
        let token = token.expose_secret();
        Ok(Self {
            methods: Url::parse(&format!("{url}/bot{token}"))?,
            files: Url::parse(&format!("{url}/file/bot{token}"))?,
        })
    }

    /// Returns the URL of a method.
    pub(super) fn method(&self, name: &str) -> Url {
        below(&self.methods, name)
    }

    /// Returns the URL of the file with this path.
    pub(super) fn file(&self, path: &str) -> Url {
        below(&self.files, path)
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addresses").finish_non_exhaustive()
    }
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    // Only a URL that cannot be a base, such as mailto:, has no segments.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(path.split('/'));
    }
    url
}

#[cfg(test)]
mod tests;
