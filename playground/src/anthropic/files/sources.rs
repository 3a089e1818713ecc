//! The places in a request that carry files, and what is known of the files that they name.

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
    /// The name it was uploaded under; empty when there is no such file.
    pub name: String,
    /// The kind of block that named it: `image`, `document` or `container_upload`.
    pub block: &'static str,
    /// Which message the block is in, from 0.
    pub message: usize,
}

/// A block that carries a file.
#[derive(Debug)]
pub(in super::super) struct Source<'a> {
    /// Where the block stands.
    pub(in super::super) path: String,
    pub(in super::super) message: usize,
    pub(in super::super) kind: &'static str,
    pub(in super::super) block: &'a Value,
}

impl<'a> Source<'a> {
    /// The id, when the file is named by one.
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

/// Every block of a request that carries a file, in the order of the prompt, those inside tool results included.
pub(in super::super) fn sources(body: &Value) -> Vec<Source<'_>> {
    let mut found = Vec::new();
    for (at, message) in messages(body).iter().enumerate() {
        collect(&mut found, at, &format!("messages.{at}.content"), &message["content"]);
    }
    found
}

/// The same of one message, given with its place.
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

/// The files that a request names, as they were when it came.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Known(HashMap<String, Result<Arc<Stored>, Missing>>);

impl Known {
    /// Looks up every file that is named.
    pub(in super::super) fn of(body: &Value, store: &mut Store) -> Self {
        let sources = sources(body);
        let ids = sources.iter().filter_map(Source::file_id);
        Self(ids.map(|id| (id.to_owned(), store.find(id))).collect())
    }

    /// A file of the request.
    pub(in super::super) fn get(&self, id: &str) -> Result<&Arc<Stored>, Missing> {
        self.0.get(id).map_or(Err(Missing::Unknown), |found| found.as_ref().map_err(|missing| *missing))
    }

    /// Whether a file that the request names was made to vanish.
    pub(in super::super) fn vanished(&self) -> bool {
        self.0.values().any(|found| matches!(found, Err(Missing::Forgotten)))
    }
}

/// The files that a request names, for its record.
pub(in super::super) fn sent(body: &Value, known: &Known) -> Vec<SentFile> {
    let named = sources(body).into_iter().filter_map(|source| {
        let id = source.file_id()?;
        let name = known.get(id).map(|file| file.name.clone()).unwrap_or_default();
        Some(SentFile { id: id.to_owned(), name, block: source.kind, message: source.message })
    });
    named.collect()
}

/// What a block's file holds; `None` when it is elsewhere or not there.
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
