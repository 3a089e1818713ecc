//! The blocks of a request that contain files, and the stored files that they name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::store::{Content, Missing, Store, Stored};
use crate::anthropic::conversation::messages;

/// A file that a request named by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFile {
    /// The file's id.
    pub id: String,
    /// The name given at the upload; empty if there is no such file.
    pub name: String,
    /// The kind of block that named it: `image`, `document` or `container_upload`.
    pub block: &'static str,
    /// The index of the block's message, from 0.
    pub message: usize,
}

/// A block that contains a file.
#[derive(Debug)]
pub(in super::super) struct Source<'a> {
    /// The path of the block in the request.
    pub(in super::super) path: String,
    pub(in super::super) message: usize,
    pub(in super::super) kind: &'static str,
    pub(in super::super) block: &'a Value,
}

impl<'a> Source<'a> {
    /// Returns the file's id, if the block names one.
    pub(in super::super) fn file_id(&self) -> Option<&'a str> {
        file_id(self.block)
    }
}

fn file_id(block: &Value) -> Option<&str> {
    if block["type"] == "container_upload" {
        return block["file_id"].as_str();
    }
    block["source"]["file_id"].as_str().filter(|_| block["source"]["type"] == "file")
}

/// Returns every block of a request that contains a file, in the order of the prompt, including those inside
/// tool results.
pub(in super::super) fn sources(body: &Value) -> Vec<Source<'_>> {
    let mut found = Vec::new();
    for (at, message) in messages(body).iter().enumerate() {
        collect(&mut found, at, &format!("messages.{at}.content"), &message["content"]);
    }
    found
}

/// Returns every block of one message that contains a file; `at` is the index of the message.
pub(super) fn sources_of(message: &Value, at: usize) -> Vec<Source<'_>> {
    let mut found = Vec::new();
    collect(&mut found, at, &format!("messages.{at}.content"), &message["content"]);
    found
}

fn collect<'a>(found: &mut Vec<Source<'a>>, message: usize, path: &str, content: &'a Value) {
    for (at, block) in content.as_array().into_iter().flatten().enumerate() {
        let kind = match block["type"].as_str() {
            Some("image") => "image",
            Some("document") => "document",
            Some("container_upload") => "container_upload",
            Some("tool_result") => {
                collect(found, message, &format!("{path}.{at}.tool_result.content"), &block["content"]);
                continue;
            }
            _ => continue,
        };
        let path = format!("{path}.{at}");
        let inner = (block["source"]["type"] == "content").then(|| format!("{path}.document.source.content"));
        found.push(Source { path, message, kind, block });
        if let Some(inner) = inner {
            collect(found, message, &inner, &block["source"]["content"]);
        }
    }
}

/// The files named by a request, as they were when it arrived.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Known(HashMap<String, Result<Arc<Stored>, Missing>>);

impl Known {
    /// Looks up every file that a request names.
    pub(in super::super) fn of(body: &Value, store: &mut Store) -> Self {
        let sources = sources(body);
        let ids = sources.iter().filter_map(Source::file_id);
        Self(ids.map(|id| (id.to_owned(), store.find(id))).collect())
    }

    /// Returns a file of the request.
    pub(in super::super) fn get(&self, id: &str) -> Result<&Arc<Stored>, Missing> {
        self.0.get(id).map_or(Err(Missing::Unknown), |found| found.as_ref().map_err(|missing| *missing))
    }

    /// Returns whether a test has removed a file that the request names.
    pub(in super::super) fn vanished(&self) -> bool {
        self.0.values().any(|found| matches!(found, Err(Missing::Forgotten | Missing::ExpiredEarly)))
    }
}

/// Returns the files named by a request, for its record.
pub(in super::super) fn sent(body: &Value, known: &Known) -> Vec<SentFile> {
    let named = sources(body).into_iter().filter_map(|source| {
        let id = source.file_id()?;
        let name = known.get(id).map(|file| file.name.clone()).unwrap_or_default();
        Some(SentFile { id: id.to_owned(), name, block: source.kind, message: source.message })
    });
    named.collect()
}

/// Returns the content of a block's file; `None` if it is elsewhere or missing.
pub(in super::super) fn content_of(block: &Value, known: &Known) -> Option<Content> {
    let source = &block["source"];
    if let Some(id) = file_id(block) {
        return known.get(id).ok().map(|file| file.content);
    }
    let data = source["data"].as_str()?;
    let bytes = match source["type"].as_str()? {
        "base64" => Cow::Owned(STANDARD.decode(data).ok()?),
        "text" => Cow::Borrowed(data.as_bytes()),
        _ => return None,
    };
    let mime = if source["type"] == "text" {
        "text/plain"
    } else {
        source["media_type"].as_str().unwrap_or_default()
    };
    Some(Content::of(mime, &bytes))
}
