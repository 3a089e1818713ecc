//! Reading of versioned entries, and the two scripts that write them.

use std::time::Duration;

use redis::{Pipeline, Value, from_redis_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::{Cache, CacheError, Priority};

/// Lifetime of an entry after it was written.
pub(super) const LIFETIME: Duration = Duration::from_secs(3_600);

const SET: &str = include_str!("lua/set.lua");
const INVALIDATE: &str = include_str!("lua/invalidate.lua");

/// A value with the version of its source row. A larger version is a newer value; equal versions have equal
/// values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Versioned<T> {
    /// The number of changes to the source row, from 0.
    pub version: i64,
    /// The cached value.
    pub value: T,
}

/// Adds the command that reads an entry.
pub(super) fn read(commands: &mut Pipeline, key: &str) {
    commands.cmd("HMGET").arg(key).arg("v").arg("d");
}

/// Decodes the result of [`read`]. An invalidation mark without a value, or bytes of another shape, is a
/// miss.
pub(super) fn found<T: DeserializeOwned>(answer: Result<Value, CacheError>) -> Option<Versioned<T>> {
    let (version, value): (Option<i64>, Option<Vec<u8>>) = from_redis_value(answer.ok()?).ok()?;
    Some(Versioned { version: version?, value: serde_json::from_slice(&value?).ok()? })
}

/// Adds the command that writes an entry; Redis ignores it if a newer one is stored. Scripts are sent in
/// full: they are short, and a Redis that was restarted or flushed needs no second round trip to load them.
pub(super) fn set<T: Serialize>(commands: &mut Pipeline, key: &str, entry: &Versioned<T>) {
    let Ok(value) = serde_json::to_vec(&entry.value) else { return };
    let commands = commands.cmd("EVAL").arg(SET).arg(1).arg(key);
    commands.arg(entry.version).arg(value).arg(LIFETIME.as_secs());
}

/// Adds the command that removes everything older than `version`.
pub(super) fn invalidate(commands: &mut Pipeline, key: &str, version: i64) {
    commands.cmd("EVAL").arg(INVALIDATE).arg(1).arg(key).arg(version).arg(LIFETIME.as_secs());
}

impl Cache {
    /// Sends writes. Failures are ignored, because readers check the version.
    pub(super) async fn write(&self, mut commands: Pipeline) {
        if commands.is_empty() {
            return;
        }
        let results = self.ask(Priority::Quick, &mut commands).await;
        if results.is_ok_and(|results| results.iter().all(Result::is_ok)) {
            self.wrote();
        }
    }
}
