//! The JSON of the control plane and of the file system, read leniently: a field that is missing, `null` or
//! of another type costs that field.

use serde::Serialize;
use serde_json::{Value, json};

use super::error::SandboxError;

/// The template whose sandboxes can run Python.
const TEMPLATE: &str = "code-interpreter-v1";
/// The hosts that code may reach: the index of Python packages. Everything else is closed, so that neither
/// code nor a package sends the files of a person elsewhere.
const REACHABLE: [&str; 2] = ["pypi.org", "files.pythonhosted.org"];

/// A file in a sandbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The whole path.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed, in the service's words.
    pub modified: String,
}

/// Returns the request for a new sandbox.
pub(super) fn create(life_s: u64, metadata: &Value) -> Value {
    json!({
        "templateID": TEMPLATE,
        "timeout": life_s,
        // At the end of its life it is killed: a paused one would stay for ever if we never came back.
        "autoPause": false,
        "metadata": metadata,
        "network": { "allowOut": REACHABLE, "denyOut": ["0.0.0.0/0"], "allowPublicTraffic": false },
    })
}

/// The request to run code.
#[derive(Serialize)]
pub(super) struct Execute<'a> {
    pub(super) code: &'a str,
    pub(super) context_id: Option<&'a str>,
    pub(super) language: Option<&'a str>,
    pub(super) env_vars: Option<Value>,
}

/// Returns a text field that is not empty.
pub(super) fn text(object: &Value, field: &str) -> Option<String> {
    object.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Returns the ids in a list of sandboxes.
pub(super) fn ids(list: &Value) -> Result<Vec<String>, SandboxError> {
    let list = list.as_array().ok_or(SandboxError::Unreadable("the list of sandboxes"))?;
    Ok(list.iter().filter_map(|sandbox| text(sandbox, "sandboxID")).collect())
}

/// Returns the files in the answer of `ListDir`; folders and links are left out.
pub(super) fn entries(answer: &Value) -> Result<Vec<Entry>, SandboxError> {
    // An empty list may be left out.
    let Some(entries) = answer.get("entries").filter(|entries| !entries.is_null()) else {
        return Ok(Vec::new());
    };
    let entries = entries.as_array().ok_or(SandboxError::Unreadable("the list of files"))?;
    Ok(entries.iter().filter_map(entry).collect())
}

fn entry(entry: &Value) -> Option<Entry> {
    let is_link = text(entry, "symlinkTarget").is_some();
    if is_link || entry.get("type")?.as_str()? != "FILE_TYPE_FILE" {
        return None;
    }
    // 64-bit numbers are texts in this kind of JSON; an empty file may have no size.
    let size = match entry.get("size") {
        Some(Value::String(size)) => size.parse().unwrap_or_default(),
        Some(size) => size.as_u64().unwrap_or_default(),
        None => 0,
    };
    let modified = text(entry, "modifiedTime").unwrap_or_default();
    Some(Entry { path: text(entry, "path")?, size, modified })
}

#[cfg(test)]
mod tests;
