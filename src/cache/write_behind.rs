//! The Redis side of write-behind: a stream with a consumer group. It has no lifetime and `volatile-lru`
//! never evicts it. An item leaves the stream only when its consumer reports that its effects are committed.

use std::time::Duration;

use redis::{Value, from_redis_value};

use super::client::Priority;
use super::{Cache, CacheError};

const TAKE: &str = include_str!("lua/take.lua");
/// The consumer group shared by all instances: each item is taken by one of them.
const GROUP: &str = "writers";
/// The field of a stream entry that carries an item.
const FIELD: &str = "item";
/// Items that another instance has held for this long are taken over. Writing an item twice is harmless.
const ABANDONED: Duration = Duration::from_secs(30);

/// An entry of the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamEntry {
    /// The id in the stream.
    pub id: String,
    /// The item as it was added; empty if it was removed meanwhile.
    pub payload: String,
}

/// A batch of entries, and the state of the stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StreamBatch {
    /// The entries in order of arrival.
    pub entries: Vec<StreamEntry>,
    /// The number of entries in the stream, including those held by consumers.
    pub length: u64,
    /// The age of the oldest entry, in milliseconds.
    pub age_ms: u64,
}

/// Adds items to the stream in one round trip and returns its new length.
///
/// # Errors
/// Returns an error if it is not certain that all items were added. Some may have been: adding them again
/// must be harmless.
pub async fn put(cache: &Cache, payloads: &[String]) -> Result<u64, CacheError> {
    let key = cache.keys()?.write_behind();
    let mut commands = redis::pipe();
    for payload in payloads {
        commands.cmd("XADD").arg(&key).arg("*").arg(FIELD).arg(payload);
    }
    commands.cmd("XLEN").arg(&key);
    let answers = cache.ask(Priority::Background, &mut commands).await?;
    let answers = answers.into_iter().collect::<Result<Vec<Value>, _>>()?;
    cache.wrote();
    let length = answers.into_iter().next_back().and_then(|length| from_redis_value(length).ok());
    Ok(length.unwrap_or_default())
}

/// Takes up to `count` items for `consumer`: first those it has taken before and not finished, then those
/// that other consumers have abandoned, then new ones.
///
/// # Errors
/// Returns an error if Redis is unavailable.
pub async fn take(cache: &Cache, consumer: &str, count: usize) -> Result<StreamBatch, CacheError> {
    let key = cache.keys()?.write_behind();
    let mut commands = redis::pipe();
    let command = commands.cmd("EVAL").arg(TAKE).arg(1).arg(key).arg(GROUP).arg(consumer).arg(count);
    command.arg(u64::try_from(ABANDONED.as_millis()).unwrap_or(u64::MAX));
    let answer = cache.ask_one(Priority::Background, &mut commands).await?;
    let (length, age_ms, flat): (u64, u64, Vec<String>) =
        from_redis_value(answer).map_err(|_| CacheError::Refused)?;
    let entries =
        flat.chunks_exact(2).map(|pair| StreamEntry { id: pair[0].clone(), payload: pair[1].clone() });
    Ok(StreamBatch { entries: entries.collect(), length, age_ms })
}

/// Removes items whose effects are committed. If it fails, they are taken again, which must be harmless.
///
/// # Errors
/// Returns an error if Redis is unavailable.
pub async fn done(cache: &Cache, ids: &[&str]) -> Result<(), CacheError> {
    let key = cache.keys()?.write_behind();
    let mut commands = redis::pipe();
    commands.cmd("XACK").arg(&key).arg(GROUP).arg(ids);
    commands.cmd("XDEL").arg(&key).arg(ids);
    cache.ask(Priority::Background, &mut commands).await?.into_iter().collect::<Result<Vec<Value>, _>>()?;
    Ok(())
}
