//! Files sent by people and by the bot: ids, paths and bytes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::media::{self, Media};
use super::types::Attachment;

/// Largest file that `getFile` of the public service hands out, in bytes.
pub(super) const DOWNLOAD_LIMIT: usize = 20 * 1024 * 1024;

/// One stored file.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub kind: Attachment,
    pub unique_id: String,
    pub path: String,
    pub name: String,
    pub mime: String,
    /// Fields of its object that the sender has set: duration, titles, emoji.
    pub details: Map<String, Value>,
    pub bytes: std::sync::Arc<Vec<u8>>,
    /// The id of the smaller size of a photo.
    pub small: Option<String>,
}

/// All files by `file_id`.
#[derive(Debug, Default)]
pub(super) struct Files {
    by_id: BTreeMap<String, Stored>,
    albums: i64,
}

impl Files {
    /// Stores a file and returns its `file_id`.
    pub(super) fn add(&mut self, file: Media<'_>, bytes: Vec<u8>) -> String {
        let number = self.by_id.len() + 1;
        let id =
            format!("BQACAgIAAxkBAAI{number:06}AAHk{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff);
        let folder = media::folder(file.kind);
        let stored = Stored {
            kind: file.kind,
            // Already the first eight characters tell files apart, as those of the real service do.
            unique_id: format!("AgAD{number:04}"),
            path: format!("{folder}/file_{number}{}", ending(file.name)),
            name: file.name.to_owned(),
            mime: file.mime.to_owned(),
            details: file.details,
            bytes: std::sync::Arc::new(bytes),
            small: None,
        };
        self.by_id.insert(id.clone(), stored);
        id
    }

    /// Records the smaller size of a photo.
    pub(super) fn set_small(&mut self, photo: &str, small: &str) {
        if let Some(photo) = self.by_id.get_mut(photo) {
            photo.small = Some(small.to_owned());
        }
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

/// Returns the ending of a file name with its point; empty if it has none that fits into a path.
fn ending(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, ending))
            if (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            format!(".{ending}")
        }
        _ => String::new(),
    }
}
