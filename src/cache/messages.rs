//! Cache of histories: a Redis list whose head says version, messages left out, and thread, followed by the messages as
//! JSON strings, oldest first. The version counts changes of the history (`threads.history_version`). An entry is
//! always what PostgreSQL gives for its version: one script appends, and only to the expected predecessor.

use redis::{Pipeline, Value, from_redis_value};

use super::entry::LIFETIME;
use super::{Cache, CacheError};
use crate::domain::history::{History, Window};
use crate::domain::ids::{ThreadId, ThreadKey};
use crate::domain::message::HistoryMessage;

/// The label of this cache in metrics.
pub(super) const LABEL: &str = "messages";

const SET: &str = include_str!("lua/history_set.lua");
const APPEND: &str = include_str!("lua/history_append.lua");
const INVALIDATE: &str = include_str!("lua/history_invalidate.lua");

/// Messages that follow a history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addition<'a> {
    /// The version that they follow.
    pub after: i64,
    /// The version that they make.
    pub version: i64,
    /// The new messages, oldest first.
    pub messages: &'a [HistoryMessage],
}

/// Removes what is older than `version`; to be called after the change is committed.
pub async fn invalidate(cache: &Cache, key: ThreadKey, version: i64) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    commands.cmd("EVAL").arg(INVALIDATE).arg(1).arg(keys.messages(key)).arg(version);
    commands.arg(LIFETIME.as_secs());
    cache.write(commands).await;
}

/// Adds the reading of a history.
pub(super) fn read(commands: &mut Pipeline, key: &str) {
    commands.cmd("LRANGE").arg(key).arg(0).arg(-1);
}

/// What [`read`] has found, with the thread that it belongs to. A mark, or anything of another shape, is a miss.
pub(super) fn found(answer: Result<Value, CacheError>) -> Option<(ThreadId, History)> {
    let list: Vec<Vec<u8>> = from_redis_value(answer.ok()?).ok()?;
    let (head, messages) = list.split_first()?;
    let mut head = std::str::from_utf8(head).ok()?.split(' ').map(str::parse::<i64>);
    let (version, skipped, thread) = (head.next()?.ok()?, head.next()?.ok()?, ThreadId(head.next()?.ok()?));
    let messages = messages.iter().map(|message| serde_json::from_slice(message));
    Some((thread, History { version, skipped, messages: messages.collect::<Result<_, _>>().ok()? }))
}

/// Adds the writing of a whole history, which is refused if a newer one is there.
pub(super) fn set(commands: &mut Pipeline, key: &str, thread: ThreadId, history: &History) {
    let Some(messages) = encoded(&history.messages) else { return };
    let commands = commands.cmd("EVAL").arg(SET).arg(1).arg(key);
    commands.arg(history.version).arg(history.skipped).arg(thread.0).arg(LIFETIME.as_secs()).arg(messages);
}

/// Adds the appending of messages, which drops the entry if it is not what they follow.
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
