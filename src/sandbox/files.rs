//! Writes, reads and lists the files of a sandbox.

use std::time::Duration;

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use serde_json::json;

use super::answer::{body, inside_answer, json as answer};
use super::client::{CONTROL_LIMIT, Client, FILES_PORT};
use super::connection::Connection;
use super::error::SandboxError;
use super::retrying::patiently;
use super::wire::{self, Entry};

/// Time limit of moving one file.
const FILE_LIMIT: Duration = Duration::from_secs(120);
/// How many levels of folders are listed.
const DEPTH: u32 = 6;
/// The user who owns the files.
const USER: &str = "user";

impl Client {
    /// Writes a file, and the folders above it. A path may have any characters.
    ///
    /// # Errors
    /// Returns the last error if retries failed or could not help.
    pub(crate) async fn upload(
        &self,
        sandbox: &Connection,
        path: &str,
        content: &Bytes,
    ) -> Result<(), SandboxError> {
        let ask = || async {
            let part = Part::stream_with_length(Body::from(content.clone()), content.len() as u64);
            let form = Form::new().part("file", part.file_name("file"));
            let request = self.inside(sandbox, Method::POST, FILES_PORT, "/files");
            let request = request.query(&[("path", path), ("username", USER)]).multipart(form);
            let sent = tokio::time::timeout(FILE_LIMIT, inside_answer(request)).await;
            sent.unwrap_or(Err(SandboxError::Silent(FILE_LIMIT))).map(drop)
        };
        patiently(ask).await
    }

    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// Returns [`SandboxError::NoFile`] and [`SandboxError::TooLarge`], otherwise the last error.
    pub(crate) async fn download(
        &self,
        sandbox: &Connection,
        path: &str,
        limit: usize,
    ) -> Result<Vec<u8>, SandboxError> {
        let ask = || async {
            let request = self.inside(sandbox, Method::GET, FILES_PORT, "/files");
            let request = request.query(&[("path", path), ("username", USER)]);
            let read =
                tokio::time::timeout(FILE_LIMIT, async { body(inside_answer(request).await?, limit).await });
            read.await.unwrap_or(Err(SandboxError::Silent(FILE_LIMIT)))
        };
        patiently(ask).await
    }

    /// Returns the files in a folder and up to five levels below it.
    ///
    /// # Errors
    /// Returns [`SandboxError::TooLarge`] if there are too many, otherwise the last error.
    pub(crate) async fn list(&self, sandbox: &Connection, path: &str) -> Result<Vec<Entry>, SandboxError> {
        let ask = || async {
            let request = self.inside(sandbox, Method::POST, FILES_PORT, "/filesystem.Filesystem/ListDir");
            let request = request.header("Connect-Protocol-Version", "1").basic_auth(USER, Some(""));
            let request = request.json(&json!({ "path": path, "depth": DEPTH }));
            let read =
                tokio::time::timeout(CONTROL_LIMIT, async { answer(inside_answer(request).await?).await });
            wire::entries(&read.await.unwrap_or(Err(SandboxError::Silent(CONTROL_LIMIT)))?)
        };
        patiently(ask).await
    }
}
