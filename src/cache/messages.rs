//! Cache of histories: a Redis list whose head contains the version, the number of messages left out, and the
//! thread, followed by the messages as JSON strings, oldest first. The version counts changes of the history
//! (`threads.history_version`). An entry always equals what PostgreSQL returns for its version: one script
//! appends, and only to the version before.

use redis::{Pipeline, Value, from_redis_value};

use super::entry::LIFETIME;
use super::{Cache, CacheError};
use crate::domain::history::{History, Window};
use crate::domain::ids::{ThreadId, ThreadKey};
use crate::domain::message::HistoryMessage;

/// The cache's label in metrics.
pub(super) const LABEL: &str = "messages";

const SET: &str = include_str!("lua/history_set.lua");
const APPEND: &str = include_str!("lua/history_append.lua");
const INVALIDATE: &str = include_str!("lua/history_invalidate.lua");

/// Messages to append to a cached history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addition<'a> {
    /// The history version before them.
    pub after: i64,
    /// The history version after them.
    pub version: i64,
    /// The new messages, oldest first.
    pub messages: &'a [HistoryMessage],
}

/// Removes entries older than `version`. Call it after the change is committed.
pub async fn invalidate(cache: &Cache, key: ThreadKey, version: i64) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    commands.cmd("EVAL").arg(INVALIDATE).arg(1).arg(keys.messages(key)).arg(version);
    commands.arg(LIFETIME.as_secs());
    cache.write(commands).await;
}

/// Adds the command that reads a history.
pub(super) fn read(commands: &mut Pipeline, key: &str) {
    commands.cmd("LRANGE").arg(key).arg(0).arg(-1);
}

/// Decodes the result of [`read`] into a thread and its history. An invalidation mark, or a value of another
/// shape, is a miss.
pub(super) fn found(answer: Result<Value, CacheError>) -> Option<(ThreadId, History)> {
    let list: Vec<Vec<u8>> = from_redis_value(answer.ok()?).ok()?;
    let (head, messages) = list.split_first()?;
    let mut head = std::str::from_utf8(head).ok()?.split(' ').map(str::parse::<i64>);
    let (version, skipped, thread) = (head.next()?.ok()?, head.next()?.ok()?, ThreadId(head.next()?.ok()?));
    let messages = messages.iter().map(|message| serde_json::from_slice(message));
    Some((thread, History { version, skipped, messages: messages.collect::<Result<_, _>>().ok()? }))
}

/// Adds the command that writes a whole history; Redis ignores it if a newer one is stored.
pub(super) fn set(commands: &mut Pipeline, key: &str, thread: ThreadId, history: &History) {
    let Some(messages) = encoded(&history.messages) else { return };
    let commands = commands.cmd("EVAL").arg(SET).arg(1).arg(key);
    commands.arg(history.version).arg(history.skipped).arg(thread.0).arg(LIFETIME.as_secs()).arg(messages);
}

/// Adds the command that appends messages; it drops the entry if that is not of the version before.
pub(super) fn append(
    commands: &mut Pipeline,
    key: &str,
    thread: ThreadId,
    new: &Addition<'_>,
    window: Window,
) {
    let Some(messages) = encoded(new.messages) else { return };
    let commands = commands.cmd("EVAL").arg(APPEND).arg(1).arg(key);
    commands.arg(new.after).arg(new.version).arg(thread.0).arg(LIFETIME.as_secs());
    commands.arg(window.limit).arg(window.step).arg(messages);
}

fn encoded(messages: &[HistoryMessage]) -> Option<Vec<Vec<u8>>> {
    messages.iter().map(serde_json::to_vec).collect::<Result<_, _>>().ok()
}
