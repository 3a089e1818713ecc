//! A sandbox as the client reaches it: its id, and the headers that find it and open it.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::error::SandboxError;
use super::wire;

/// A sandbox that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// The service's id of it.
    pub id: String,
    pub(super) headers: HeaderMap,
}

impl Connection {
    /// Reads the answer that names a sandbox and its tokens.
    pub(super) fn read(answer: &Value, known: Option<&str>) -> Result<Self, SandboxError> {
        let unreadable = SandboxError::Unreadable("a sandbox");
        let id = wire::text(answer, "sandboxID").or(known.map(str::to_owned));
        let Some(id) = id else { return Err(unreadable) };
        let mut headers = HeaderMap::new();
        let mut add = |name: &'static str, value: Option<String>, secret: bool| {
            let Some(value) = value else { return Ok(()) };
            let mut value =
                HeaderValue::from_str(&value).map_err(|_| SandboxError::Unreadable("a sandbox's token"))?;
            value.set_sensitive(secret);
            headers.insert(HeaderName::from_static(name), value);
            Ok(())
        };
        add("e2b-sandbox-id", Some(id.clone()), false)?;
        add("x-access-token", wire::text(answer, "envdAccessToken"), true)?;
        add("e2b-traffic-access-token", wire::text(answer, "trafficAccessToken"), true)?;
        Ok(Self { id, headers })
    }
}

#[cfg(test)]
mod tests;
