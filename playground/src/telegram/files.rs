//! Files sent by people and by the bot: ids, paths and bytes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Largest file that `getFile` serves, in bytes.
pub(super) const DOWNLOAD_LIMIT: usize = 20 * 1024 * 1024;

/// One stored file.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub unique_id: String,
    pub path: String,
    pub name: String,
    pub mime: String,
    pub bytes: std::sync::Arc<Vec<u8>>,
}

/// All files by `file_id`.
#[derive(Debug, Default)]
pub(super) struct Files {
    by_id: BTreeMap<String, Stored>,
    albums: i64,
}

impl Files {
    /// Stores a file and returns its `file_id`. `folder` is the first part of its path.
    pub(super) fn add(&mut self, folder: &str, name: &str, mime: &str, bytes: Vec<u8>) -> String {
        let number = self.by_id.len() + 1;
        let extension = name.rsplit_once('.').map_or("bin", |(_, extension)| extension);
        let id =
            format!("BQACAgIAAxkBAAI{number:06}AAHk{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff);
        let stored = Stored {
            unique_id: format!("AgAD{number:06}"),
            path: format!("{folder}/file_{number}.{extension}"),
            name: name.to_owned(),
            mime: mime.to_owned(),
            bytes: std::sync::Arc::new(bytes),
        };
        self.by_id.insert(id.clone(), stored);
        id
    }

    pub(super) fn get(&self, id: &str) -> Option<&Stored> {
        self.by_id.get(id)
    }

    pub(super) fn by_path(&self, path: &str) -> Option<&Stored> {
        self.by_id.values().find(|file| file.path == path)
    }

    /// Returns the id of the file at a download path.
    pub(super) fn id_of(&self, path: &str) -> Option<String> {
        self.by_id.iter().find(|(_, file)| file.path == path).map(|(id, _)| id.clone())
    }

    /// Returns an unused `media_group_id`.
    pub(super) fn next_album(&mut self) -> String {
        self.albums += 1;
        (13_900_000_000_000_000 + self.albums * 8).to_string()
    }

    /// Returns the fields that every Bot API file object has.
    pub(super) fn object(&self, id: &str) -> Option<Value> {
        let file = self.by_id.get(id)?;
        Some(json!({"file_id": id, "file_unique_id": file.unique_id, "file_size": file.bytes.len()}))
    }
}
