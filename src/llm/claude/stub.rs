//! A test server that returns prepared answers in order and records the requests.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use parking_lot::Mutex;
use secrecy::SecretString;

use super::Client;

/// An answer: status, headers and body.
pub(crate) type Canned = (u16, &'static [(&'static str, &'static str)], String);

/// A recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and path.
    pub(crate) line: String,
    /// The headers of interest.
    pub(crate) headers: String,
    /// The body.
    pub(crate) body: String,
}

/// The server.
pub(crate) struct Stub {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// Starts a server with these answers; further requests fail.
    #[expect(clippy::disallowed_methods, reason = "it ends with its test")]
    pub(crate) async fn start(answers: Vec<Canned>) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let answers = Arc::new(Mutex::new(answers.into_iter()));
        let kept = asked.clone();
        let serve = move |request: Request| {
            let (kept, answers) = (kept.clone(), answers.clone());
            async move {
                let line = format!("{} {}", request.method(), request.uri().path());
                let headers = ["x-api-key", "anthropic-version", "anthropic-beta", "content-type"]
                    .iter()
                    .filter_map(|&name| {
                        Some(format!("{name}: {}\n", request.headers().get(name)?.to_str().ok()?))
                    })
                    .collect();
                let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
                let body = String::from_utf8_lossy(&body).into_owned();
                kept.lock().push(Asked { line, headers, body });
                let next = answers.lock().next();
                let (status, headers, body) = next.unwrap_or((418, &[], String::new()));
                let answer = Response::builder().status(status);
                let answer =
                    headers.iter().fold(answer, |answer, (name, value)| answer.header(*name, *value));
                answer.body(Body::from(body)).unwrap()
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(serve)).await });
        Self { address, asked }
    }

    /// Returns a client of this server.
    pub(crate) fn client(&self) -> Client {
        let http = crate::http::client(Duration::from_secs(30)).unwrap();
        Client::new(http, &self.address, &SecretString::from("sk-test")).unwrap()
    }

    /// Returns all requests received so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().clone()
    }
}

/// Returns the API's answer to a request that it rejects.
pub(crate) fn refusal(status: u16, kind: &str, message: &str) -> Canned {
    let error = serde_json::json!({"type": kind, "message": message});
    (status, &[], serde_json::json!({"type": "error", "error": error}).to_string())
}
