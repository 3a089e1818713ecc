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
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_in_every_spelling() {
        let answer = json!({"entries": [
            {"name": "a.csv", "type": "FILE_TYPE_FILE", "path": "/home/user/a.csv", "size": "12",
             "modifiedTime": "2026-11-29T01:00:00Z"},
            {"name": "b", "type": "FILE_TYPE_FILE", "path": "/home/user/b", "size": 7, "novelty": {}},
            {"name": "empty", "type": "FILE_TYPE_FILE", "path": "/home/user/empty"},
            {"name": "d", "type": "FILE_TYPE_DIRECTORY", "path": "/home/user/d"},
            {"name": "l", "type": "FILE_TYPE_FILE", "path": "/home/user/l", "symlinkTarget": "/etc/passwd"},
            {"name": "odd"}, null, 3,
        ]});
        let found: Vec<(String, u64)> =
            entries(&answer).unwrap().into_iter().map(|entry| (entry.path, entry.size)).collect();
        let expected = [("/home/user/a.csv", 12), ("/home/user/b", 7), ("/home/user/empty", 0)];
        assert_eq!(found, expected.map(|(path, size)| (path.to_owned(), size)));
        assert!(
            entries(&json!({})).unwrap().is_empty() && entries(&json!({"entries": null})).unwrap().is_empty()
        );
        assert!(entries(&json!({"entries": "none"})).is_err());
    }

    #[test]
    fn the_ids_of_a_list_are_read() {
        let list = json!([{"sandboxID": "a", "state": "running"}, {"sandboxID": null}, {}]);
        assert_eq!(ids(&list).unwrap(), ["a"]);
        assert!(ids(&json!({"code": 1})).is_err());
    }
}
