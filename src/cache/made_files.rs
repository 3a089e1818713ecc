//! Cache of the contents of files that tools have made. An id always means the same bytes, so there is no
//! version. PostgreSQL has them too, because Redis may be flushed or evict them; it also decides which ones
//! get a copy here, so that all copies together stay below a limit. The caller must have checked that the
//! file belongs to the conversation.

use std::time::Duration;

use redis::from_redis_value;

use super::Cache;
use super::client::Priority;
use crate::domain::file_id::PublicFileId;

/// The cache's label in metrics.
const LABEL: &str = "made_file";

/// Returns the content of a file.
pub(crate) async fn get(cache: &Cache, id: PublicFileId) -> Option<Vec<u8>> {
    let key = cache.keys().ok()?.made_file(id);
    let answer = cache.ask_one(Priority::Bulk, redis::pipe().cmd("GET").arg(key)).await;
    let bytes: Option<Vec<u8>> = answer.ok().and_then(|value| from_redis_value(value).ok()).flatten();
    cache.count(LABEL, bytes.is_some());
    bytes
}

/// Caches the content of a file for as long as the file is kept.
pub(crate) async fn put(cache: &Cache, id: PublicFileId, bytes: &[u8], lifetime: Duration) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    commands.cmd("SET").arg(keys.made_file(id)).arg(bytes).arg("EX").arg(lifetime.as_secs().max(1));
    if cache.ask_one(Priority::Bulk, &mut commands).await.is_ok() {
        cache.wrote();
    }
}

/// Deletes contents.
pub(crate) async fn forget(cache: &Cache, ids: &[PublicFileId]) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    commands.cmd("UNLINK").arg(ids.iter().map(|&id| keys.made_file(id)).collect::<Vec<_>>());
    if cache.ask_one(Priority::Background, &mut commands).await.is_err() {
        tracing::debug!("delivered files stay in Redis until they expire");
    }
}
