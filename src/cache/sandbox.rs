//! Cache of sandboxes: which one runs a conversation's Python. A hint: the sandbox itself may have ended. The version is
//! the time at which the sandbox was made, in milliseconds since 1970, so that a newer one is never replaced.

use super::{Cache, Versioned, entry};
use crate::domain::ids::ThreadKey;

/// The label of this cache in metrics.
const LABEL: &str = "sandbox";

/// The id of a conversation's sandbox, with its version.
pub async fn get(cache: &Cache, key: ThreadKey) -> Option<Versioned<String>> {
    cache.get(LABEL, &cache.keys().ok()?.sandbox(key)).await
}

/// Remembers a sandbox and begins its lifetime in the cache anew; called again whenever it is used.
pub async fn put(cache: &Cache, key: ThreadKey, sandbox: &Versioned<String>) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    entry::set(&mut commands, &keys.sandbox(key), sandbox);
    cache.write(commands).await;
}

/// Forgets a sandbox that has ended; one that was made later stays.
pub async fn forget(cache: &Cache, key: ThreadKey, ended: &Versioned<String>) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    entry::invalidate(&mut commands, &keys.sandbox(key), ended.version + 1);
    cache.write(commands).await;
}
