//! Cache of file contents by Telegram's `file_unique_id`: an id always means the same bytes, so there is no
//! version. The caller must have checked that the file belongs to the conversation.

use redis::from_redis_value;

use super::Cache;
use super::client::Priority;
use super::entry::LIFETIME;

/// The cache's label in metrics.
const LABEL: &str = "file";
/// The largest content that is cached, in bytes. Larger ones are fetched again each time, because they would
/// take several copies in memory here and evict many histories in Redis.
pub const LIMIT: usize = 1024 * 1024;

/// Returns the content of a file.
pub async fn get(cache: &Cache, unique_id: &str) -> Option<Vec<u8>> {
    let key = cache.keys().ok()?.file_bytes(unique_id);
    let answer = cache.ask_one(Priority::Bulk, redis::pipe().cmd("GET").arg(key)).await;
    let bytes: Option<Vec<u8>> = answer.ok().and_then(|value| from_redis_value(value).ok()).flatten();
    cache.count(LABEL, bytes.is_some());
    bytes
}

/// Caches the content of a file unless it is too large. Returns whether it was stored.
pub async fn put(cache: &Cache, unique_id: &str, bytes: &[u8]) -> bool {
    let Ok(keys) = cache.keys() else { return false };
    if bytes.len() > LIMIT {
        return false;
    }
    let mut commands = redis::pipe();
    commands.cmd("SET").arg(keys.file_bytes(unique_id)).arg(bytes).arg("EX").arg(LIFETIME.as_secs());
    let kept = cache.ask_one(Priority::Bulk, &mut commands).await.is_ok();
    if kept {
        cache.wrote();
    }
    kept
}
