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
mod tests {
    use super::*;

    #[test]
    fn everything_of_a_bot_is_below_its_token_which_is_not_shown() {
        let token = SecretString::from("12:Ab-_c");
        for (api, method, file) in [
            (
                "https://api.telegram.org",
                "https://api.telegram.org/bot12:Ab-_c/getMe",
                "https://api.telegram.org/file/bot12:Ab-_c/documents/a%20b%3F.pdf",
            ),
            (
                "http://127.0.0.1:8081/below",
                "http://127.0.0.1:8081/below/bot12:Ab-_c/getMe",
                "http://127.0.0.1:8081/below/file/bot12:Ab-_c/documents/a%20b%3F.pdf",
            ),
        ] {
            let addresses = Addresses::new(api, &token).unwrap();
            assert_eq!(addresses.method("getMe").as_str(), method);
            assert_eq!(addresses.file("documents/a b?.pdf").as_str(), file);
            assert!(!format!("{addresses:?}").contains("Ab"), "{addresses:?}");
        }
        assert!(Addresses::new("nowhere", &token).is_err());
    }
}
