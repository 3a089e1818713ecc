//! Cache of file lists: what files a conversation knows of; an empty list is cached as well. The version counts
//! changes of the list.

use redis::Pipeline;

use super::{Cache, Versioned, entry};
use crate::domain::file::KnownFile;
use crate::domain::ids::ThreadKey;

/// The label of this cache in metrics.
pub(super) const LABEL: &str = "files";

/// The files of a conversation, oldest first.
pub type Files = Vec<KnownFile>;

/// Removes what is older than `version`; to be called after the change is committed.
pub async fn invalidate(cache: &Cache, key: ThreadKey, version: i64) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    entry::invalidate(&mut commands, &keys.files(key), version);
    cache.write(commands).await;
}

/// Adds the writing of an entry.
pub(super) fn set(commands: &mut Pipeline, key: &str, files: &Versioned<Files>) {
    entry::set(commands, key, files);
}
