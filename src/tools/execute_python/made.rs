//! What code has made: displayed pictures, and files that are new or changed after it. They are kept for the
//! conversation, within limits.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::tool::ToolContext;
use crate::llm::message::ToolImage;
use crate::sandbox::{Entry, HOME, SandboxError, ShownFile};
use crate::services::made_files::{KeepError, MadeFile};
use crate::services::pictures::Pictures;
use crate::services::sandboxes::{OpenError, OpenSandbox};

/// The most files that one run keeps.
const MOST_FILES: usize = 10;
/// The largest file that is kept, in bytes, and the most of all together.
const LARGEST: u64 = 20 * 1024 * 1024;
const MOST_BYTES: u64 = 40 * 1024 * 1024;
/// The most pictures that the model sees.
const MOST_SHOWN: usize = 3;
/// The most files that are named because they are not kept.
const MOST_NAMED: usize = 20;
/// Folders whose files are no results.
const SCRATCH: [&str; 3] = ["__pycache__", "node_modules", "site-packages"];

/// Collects what a run has made.
#[derive(Debug, Default)]
pub(super) struct Made {
    files: Vec<Value>,
    not_kept: Vec<Value>,
    not_named: usize,
    bytes: u64,
    images: Vec<ToolImage>,
}

/// Returns the files that are new or changed, by their path from the working directory, the newest first.
pub(super) fn changed(before: &[Entry], after: Vec<Entry>) -> Vec<Entry> {
    let known: BTreeMap<&str, (u64, &str)> =
        before.iter().map(|entry| (entry.path.as_str(), (entry.size, entry.modified.as_str()))).collect();
    let mut changed: Vec<Entry> = after
        .into_iter()
        .filter(|entry| known.get(entry.path.as_str()) != Some(&(entry.size, entry.modified.as_str())))
        .filter(|entry| is_result(relative(&entry.path)))
        .collect();
    changed.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.path.cmp(&b.path)));
    changed
}

fn relative(path: &str) -> &str {
    path.strip_prefix(HOME).unwrap_or(path).trim_start_matches('/')
}

/// Returns whether a file is a result: not hidden, not in a hidden folder, and not left behind by a program.
fn is_result(path: &str) -> bool {
    path.split('/').all(|part| !part.starts_with('.') && !SCRATCH.contains(&part))
}

impl Made {
    /// Keeps displayed pictures.
    pub(super) async fn add_pictures(&mut self, pictures: Vec<ShownFile>, context: ToolContext<'_>) {
        for (number, ShownFile { mime, extension, bytes }) in (1..).zip(pictures) {
            let name = format!("plot_{number}.{extension}");
            self.keep(&name, "(displayed)", mime, bytes.into(), context).await;
        }
    }

    /// Keeps files of the sandbox.
    ///
    /// # Errors
    /// Returns an error if the sandbox cannot be used any more.
    pub(super) async fn add_files(
        &mut self,
        files: Vec<Entry>,
        sandbox: &OpenSandbox,
        context: ToolContext<'_>,
    ) -> Result<(), OpenError> {
        for Entry { path, size, .. } in files {
            let shown = relative(&path).to_owned();
            let limit = LARGEST.min(MOST_BYTES.saturating_sub(self.bytes));
            if size == 0 {
                self.refuse(&shown, "it is empty");
            } else if self.files.len() >= MOST_FILES {
                self.refuse(&shown, "a run keeps 10 files; put more into one archive");
            } else if size > limit {
                self.refuse(&shown, "a run keeps files of up to 20 MB, 40 MB together");
            } else {
                match sandbox.read(&path, usize::try_from(limit).unwrap_or(usize::MAX)).await {
                    Ok(content) => {
                        let name = shown.rsplit('/').next().unwrap_or_default().to_owned();
                        self.keep(&name, &shown, mime(&name), content.into(), context).await;
                    }
                    Err(OpenError::Service(SandboxError::NoFile | SandboxError::TooLarge)) => {
                        self.refuse(&shown, "it changes while it is read");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn keep(&mut self, name: &str, path: &str, mime: &str, content: Bytes, context: ToolContext<'_>) {
        let description = format!("Made by execute_python: {path}");
        let file = MadeFile { turn: context.turn, name, mime, description: &description, content: &content };
        let id = match context.made_files.keep(&file).await {
            Ok(id) => id,
            Err(KeepError::Database(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a file from a sandbox is not kept");
                return self.refuse(path, "it could not be stored");
            }
            Err(KeepError::Empty) => return self.refuse(path, "it is empty"),
            Err(KeepError::TooLarge) => return self.refuse(path, "it is too large"),
            Err(KeepError::NoRoom) => {
                return self.refuse(path, "there is no room until other files are delivered or expire");
            }
        };
        self.bytes += content.len() as u64;
        let shown = self.show(mime, content.clone(), context.pictures).await;
        self.files.push(json!({
            "file_id": id.to_string(),
            "path": path,
            "name": name,
            "mime": mime,
            "size_bytes": content.len(),
            "shown_to_you": shown,
        }));
    }

    /// Lets the model see a picture. Returns whether it does.
    async fn show(&mut self, mime: &str, content: Bytes, pictures: &Pictures) -> bool {
        if !matches!(mime, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
            || self.images.len() >= MOST_SHOWN
        {
            return false;
        }
        // One that the provider cannot decode would make it reject the whole request.
        let Ok(picture) = pictures.shown(content).await else { return false };
        self.images.push(ToolImage { mime: picture.mime, bytes: picture.bytes.into() });
        true
    }

    fn refuse(&mut self, path: &str, reason: &str) {
        if self.not_kept.len() >= MOST_NAMED {
            self.not_named += 1;
        } else {
            self.not_kept.push(json!({ "path": path, "reason": reason }));
        }
    }

    /// Adds what was made to the result for the model. Returns the pictures that it sees.
    pub(super) fn tell(self, result: &mut Value) -> Vec<ToolImage> {
        if !self.files.is_empty() {
            result["files"] = json!(self.files);
        }
        if !self.not_kept.is_empty() {
            result["files_not_kept"] = json!(self.not_kept);
        }
        if self.not_named > 0 {
            result["more_files_not_kept"] = json!(self.not_named);
        }
        self.images
    }
}

/// Returns the MIME type that the extension of a name stands for.
fn mime(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref().unwrap_or_default() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "pdf" => "application/pdf",
        "csv" => "text/csv",
        "txt" | "log" | "py" => "text/plain",
        "md" => "text/markdown",
        "html" | "htm" => "text/html",
        "json" | "ipynb" => "application/json",
        "xml" => "application/xml",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
