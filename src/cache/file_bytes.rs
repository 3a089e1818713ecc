//! Cache of file contents, by the id that Telegram gives to a content: the same id is the same bytes for ever, so there
//! is no version. Whoever asks must have checked that the file belongs to the conversation.

use redis::from_redis_value;

use super::Cache;
use super::client::Priority;
use super::entry::LIFETIME;

/// The label of this cache in metrics.
const LABEL: &str = "file";
/// The most bytes of one content; a larger one is fetched again each time, because it would cost several copies in memory
/// here and evict many histories there.
pub const LIMIT: usize = 1024 * 1024;

/// A content.
pub async fn get(cache: &Cache, unique_id: &str) -> Option<Vec<u8>> {
    let key = cache.keys().ok()?.file_bytes(unique_id);
    let answer = cache.ask_one(Priority::Bulk, redis::pipe().cmd("GET").arg(key)).await;
    let bytes: Option<Vec<u8>> = answer.ok().and_then(|value| from_redis_value(value).ok()).flatten();
    cache.count(LABEL, bytes.is_some());
    bytes
}

/// Keeps a content, if it is not too large. Returns whether it is kept.
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
