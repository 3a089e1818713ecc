//! Describes the files in a message, for the scripted model.

use serde_json::Value;

use super::sources::{Known, Source, content_of, sources_of};
use super::store::Content;

/// Returns one sentence per file, joined by blanks; empty without files.
pub(in super::super) fn tell(message: &Value, known: &Known) -> String {
    let sources = sources_of(message, 0);
    let sentences: Vec<String> = sources.iter().map(|source| sentence(source, known)).collect();
    sentences.join(" ")
}

fn sentence(source: &Source<'_>, known: &Known) -> String {
    let stored = source.file_id().and_then(|id| known.get(id).ok());
    let title = source.block["title"].as_str();
    let name = stored
        .map(|file| file.name.as_str())
        .or(title)
        .map(|name| format!(" \"{name}\""))
        .unwrap_or_default();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    match content_of(source.block, known) {
        _ if source.kind == "container_upload" => format!("You sent a file{name} for the sandbox."),
        Some(Content::Picture(picture)) => match picture.size {
            Some((width, height)) => format!("You sent a photo{name} ({width} x {height})."),
            None => format!("You sent a photo{name}."),
        },
        Some(Content::Pdf { pages, .. }) => format!("You sent a PDF{name} ({pages} page{}).", plural(pages)),
        Some(Content::Text { chars, .. }) => {
            format!("You sent a text{name} ({chars} character{}).", plural(chars))
        }
        Some(Content::Other) | None if source.kind == "image" => format!("You sent a photo{name}."),
        Some(Content::Other) | None => format!("You sent a document{name}."),
    }
}
