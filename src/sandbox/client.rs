//! The connection to the service: its control plane, and the execution of code in a sandbox.

use std::time::Duration;

use reqwest::header::{HeaderValue, InvalidHeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::answer::{inside_answer, json, retry_after};
use super::connection::Connection;
use super::error::SandboxError;
use super::execution::Execution;
use super::retrying::patiently;
use super::wire;

/// Time limit of a request to the control plane; starting a sandbox takes seconds.
pub(super) const CONTROL_LIMIT: Duration = Duration::from_secs(30);
/// How long an execution may be silent: the service sends a line every 5 s.
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(20);
/// The ports of a sandbox: its file system, and the interpreter.
pub(super) const FILES_PORT: &str = "49983";
const CODE_PORT: &str = "49999";

/// The working directory of the interpreter.
pub(crate) const HOME: &str = "/home/user";
/// The name of the key in the metadata of a sandbox.
const KEY: &str = "starling-key";

/// A connection to the service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    control_url: String,
    sandbox_url: String,
    key: HeaderValue,
}

impl Client {
    /// Creates a client for these addresses. `http` must be a client for streams that allows a silence of
    /// [`IDLE_LIMIT`].
    ///
    /// # Errors
    /// Returns an error if the key has characters that no header can carry.
    pub(crate) fn new(
        http: reqwest::Client,
        (control_url, sandbox_url): (&str, &str),
        key: &SecretString,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut key = HeaderValue::from_str(key.expose_secret())?;
        key.set_sensitive(true);
        Ok(Self { http, control_url: control_url.to_owned(), sandbox_url: sandbox_url.to_owned(), key })
    }

    /// Starts a sandbox that the service kills after `life` unless that is extended. Repeated with the same
    /// `key` it returns the sandbox of the first call; the key is also in the metadata, by which
    /// [`Client::find`] finds it.
    ///
    /// # Errors
    /// Returns the last error, when trying again did not help or is of no use.
    pub(crate) async fn create(
        &self,
        key: &str,
        metadata: &[(&str, String)],
        life: Duration,
    ) -> Result<Connection, SandboxError> {
        let mut named = json!({ KEY: key });
        for (name, value) in metadata {
            named[*name] = json!(value);
        }
        let body = wire::create(life.as_secs(), &named);
        let ask = || async {
            let request = self.control(Method::POST, "/v2/sandboxes");
            let answer = request.header("Idempotency-Key", key).json(&body);
            Connection::read(&self.answer(answer).await?, None)
        };
        patiently(ask).await
    }

    /// Attaches to a sandbox, resumes it if it is paused, and extends its life to at least `life` from now.
    ///
    /// # Errors
    /// Returns [`SandboxError::Gone`] if it does not exist any more, otherwise the last error.
    pub(crate) async fn connect(&self, id: &str, life: Duration) -> Result<Connection, SandboxError> {
        let ask = || async {
            let request = self.control(Method::POST, &format!("/v2/sandboxes/{}/connect", escaped(id)));
            Connection::read(
                &self.answer(request.json(&json!({ "timeout": life.as_secs() }))).await?,
                Some(id),
            )
        };
        patiently(ask).await
    }

    /// Sets the life of a sandbox from now on.
    ///
    /// # Errors
    /// Returns [`SandboxError::Gone`] if it does not exist any more, otherwise the last error.
    pub(crate) async fn extend(&self, id: &str, life: Duration) -> Result<(), SandboxError> {
        let ask = || async {
            let request = self.control(Method::POST, &format!("/sandboxes/{}/timeout", escaped(id)));
            self.control_send(request.json(&json!({ "timeout": life.as_secs() }))).await.map(drop)
        };
        patiently(ask).await
    }

    /// Kills a sandbox. One that does not exist counts as killed.
    ///
    /// # Errors
    /// Returns the last error, when trying again did not help or is of no use.
    pub(crate) async fn kill(&self, id: &str) -> Result<(), SandboxError> {
        let ask = || async {
            let request = self.control(Method::DELETE, &format!("/sandboxes/{}", escaped(id)));
            match self.control_send(request).await {
                Ok(_) | Err(SandboxError::Gone) => Ok(()),
                Err(error) => Err(error),
            }
        };
        patiently(ask).await
    }

    /// Returns the ids of the sandboxes that were created with this key, running or paused.
    ///
    /// # Errors
    /// Returns the last error, when trying again did not help or is of no use.
    pub(crate) async fn find(&self, key: &str) -> Result<Vec<String>, SandboxError> {
        let metadata = format!("{KEY}={key}");
        let ask = || async {
            let request = self.control(Method::GET, "/v2/sandboxes");
            let query = [("metadata", metadata.as_str()), ("state", "running,paused")];
            wire::ids(&self.answer(request.query(&query)).await?)
        };
        patiently(ask).await
    }

    /// Checks that the service can be reached and accepts the key.
    ///
    /// # Errors
    /// Returns the service's refusal, or the failure of the connection.
    pub(crate) async fn check(&self) -> Result<(), SandboxError> {
        let request = self.control(Method::GET, "/v2/sandboxes").query(&[("limit", "1")]);
        self.control_send(request).await.map(drop)
    }

    /// Creates another interpreter in a sandbox, with variables of its own. Returns its id.
    ///
    /// # Errors
    /// Returns the last error, when trying again did not help or is of no use.
    pub(crate) async fn create_context(&self, sandbox: &Connection) -> Result<String, SandboxError> {
        let ask = || async {
            let request = self.inside(sandbox, Method::POST, CODE_PORT, "/contexts");
            let request = request.json(&json!({ "language": "python", "cwd": HOME }));
            let sent =
                tokio::time::timeout(CONTROL_LIMIT, async { json(inside_answer(request).await?).await });
            let answer = sent.await.unwrap_or(Err(SandboxError::Silent(CONTROL_LIMIT)))?;
            wire::text(&answer, "id").ok_or(SandboxError::Unreadable("a context"))
        };
        patiently(ask).await
    }

    /// Deletes an interpreter that [`Client::create_context`] has made.
    ///
    /// # Errors
    /// Returns the error of the only attempt: it ends with its sandbox in any case.
    pub(crate) async fn delete_context(&self, sandbox: &Connection, id: &str) -> Result<(), SandboxError> {
        let request = self.inside(sandbox, Method::DELETE, CODE_PORT, &format!("/contexts/{}", escaped(id)));
        let sent = tokio::time::timeout(CONTROL_LIMIT, inside_answer(request)).await;
        sent.unwrap_or(Err(SandboxError::Silent(CONTROL_LIMIT))).map(drop)
    }

    /// Runs Python, in the usual interpreter or in the one with this id. Dropping the execution interrupts
    /// the code.
    ///
    /// # Errors
    /// Returns an error if the code was not begun. Never tried again after the request may have arrived.
    pub(crate) async fn execute(
        &self,
        sandbox: &Connection,
        code: &str,
        context: Option<&str>,
    ) -> Result<Execution, SandboxError> {
        let body = wire::Execute { code, context_id: context, language: None, env_vars: None };
        let request = self.inside(sandbox, Method::POST, CODE_PORT, "/execute").json(&body);
        // The answer begins before the code ends, but a busy interpreter may let it wait; the connection's
        // limit on silence ends that.
        Ok(Execution::new(inside_answer(request).await?))
    }

    fn control(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.control_url)).header("X-API-KEY", self.key.clone())
    }

    async fn control_send(&self, request: RequestBuilder) -> Result<Response, SandboxError> {
        let sent = tokio::time::timeout(CONTROL_LIMIT, request.send()).await;
        let response =
            sent.map_err(|_| SandboxError::Silent(CONTROL_LIMIT))?.map_err(SandboxError::connection)?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(SandboxError::of_control(response.status(), retry_after(&response)))
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, SandboxError> {
        let response = self.control_send(request).await?;
        let read = tokio::time::timeout(CONTROL_LIMIT, json(response)).await;
        read.unwrap_or(Err(SandboxError::Silent(CONTROL_LIMIT)))
    }

    /// Returns a request to a port of a sandbox.
    pub(super) fn inside(
        &self,
        sandbox: &Connection,
        method: Method,
        port: &'static str,
        path: &str,
    ) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.sandbox_url));
        request.headers(sandbox.headers.clone()).header("E2b-Sandbox-Port", port)
    }
}

/// Returns a part of a path in which every character other than letters and digits is escaped.
fn escaped(part: &str) -> String {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    part.bytes()
        .map(|byte| if unreserved(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests;
