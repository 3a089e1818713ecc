//! The connection to the service: its control plane, and the execution of code in a sandbox.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::error::SandboxError;
use super::execution::Execution;
use super::retrying::patiently;
use super::wire;

/// Time limit of a request to the control plane; starting a sandbox takes seconds.
pub(super) const CONTROL_LIMIT: Duration = Duration::from_secs(30);
/// How long an execution may be silent: the service sends a line every 5 s.
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(20);
/// The longest answer that is read, other than a file, in bytes.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;
/// The ports of a sandbox: its file system, and the interpreter.
pub(super) const FILES_PORT: &str = "49983";
const CODE_PORT: &str = "49999";

/// A connection to the service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    control_url: String,
    sandbox_url: String,
    key: HeaderValue,
}

/// A sandbox that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// The service's id of it.
    pub id: String,
    headers: HeaderMap,
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
            connection(&self.answer(answer).await?, None)
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
            connection(&self.answer(request.json(&json!({ "timeout": life.as_secs() }))).await?, Some(id))
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

/// The working directory of the interpreter.
pub(crate) const HOME: &str = "/home/user";
/// The name of the key in the metadata of a sandbox.
const KEY: &str = "starling-key";

pub(super) async fn inside_answer(request: RequestBuilder) -> Result<Response, SandboxError> {
    let response = request.send().await.map_err(SandboxError::connection)?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(SandboxError::of_sandbox(response.status(), retry_after(&response)))
}

pub(super) async fn json(response: Response) -> Result<Value, SandboxError> {
    let body = body(response, ANSWER_LIMIT).await?;
    serde_json::from_slice(&body).map_err(|_| SandboxError::Unreadable("no JSON"))
}

/// Reads the body of an answer of at most `limit` bytes.
pub(super) async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, SandboxError> {
    let announced = response.content_length().unwrap_or_default();
    if announced > limit as u64 {
        return Err(SandboxError::TooLarge);
    }
    let mut content = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(SandboxError::connection)? {
        if content.len() + chunk.len() > limit {
            return Err(SandboxError::TooLarge);
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Reads the answer that names a sandbox and its tokens.
fn connection(answer: &Value, known: Option<&str>) -> Result<Connection, SandboxError> {
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
    Ok(Connection { id, headers })
}

/// Returns a part of a path in which every character other than letters and digits is escaped.
fn escaped(part: &str) -> String {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    part.bytes()
        .map(|byte| if unreserved(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tokens_of_a_sandbox_are_sent_and_never_shown() {
        let answer =
            json!({"sandboxID": "i1", "envdAccessToken": "secret-1", "trafficAccessToken": null, "new": 1});
        let connection = connection(&answer, None).unwrap();
        assert_eq!((connection.id.as_str(), connection.headers.len()), ("i1", 2));
        assert_eq!(connection.headers["x-access-token"], "secret-1");
        assert!(!format!("{connection:?}").contains("secret-1"));
    }

    #[test]
    fn an_answer_without_a_sandbox_is_an_error() {
        assert!(connection(&json!({}), None).is_err());
        assert_eq!(connection(&json!({}), Some("i2")).unwrap().id, "i2");
        assert!(connection(&json!({"sandboxID": "a\nb"}), None).is_err());
    }

    #[test]
    fn ids_cannot_leave_their_part_of_the_path() {
        assert_eq!(escaped("i1-a_b.c~"), "i1-a_b.c~");
        assert_eq!(escaped("../x?y=ю"), "..%2Fx%3Fy%3D%D1%8E");
    }
}
