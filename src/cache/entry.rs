//! The two scripts that every versioned entry is written by, and how it is read.

use std::time::Duration;

use redis::{Pipeline, Value, from_redis_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::{Cache, CacheError, Priority};

/// How long an entry lives after it was written.
pub(super) const LIFETIME: Duration = Duration::from_secs(3_600);

const SET: &str = include_str!("lua/set.lua");
const INVALIDATE: &str = include_str!("lua/invalidate.lua");

/// A value and how often what it was made from had changed. A larger version is a newer value; the same version is
/// the same value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Versioned<T> {
    /// Counts changes, from 0.
    pub version: i64,
    /// What is cached.
    pub value: T,
}

/// Adds the reading of an entry.
pub(super) fn read(commands: &mut Pipeline, key: &str) {
    commands.cmd("HMGET").arg(key).arg("v").arg("d");
}

/// What [`read`] has found. A mark without a value, or bytes of another shape, is a miss.
pub(super) fn found<T: DeserializeOwned>(answer: Result<Value, CacheError>) -> Option<Versioned<T>> {
    let (version, value): (Option<i64>, Option<Vec<u8>>) = from_redis_value(answer.ok()?).ok()?;
    Some(Versioned { version: version?, value: serde_json::from_slice(&value?).ok()? })
}

/// Adds the writing of an entry, which is refused if a newer one is there. Scripts are sent whole: they are short, and
/// a Redis that was restarted or flushed needs no second round trip to learn them.
pub(super) fn set<T: Serialize>(commands: &mut Pipeline, key: &str, entry: &Versioned<T>) {
    let Ok(value) = serde_json::to_vec(&entry.value) else { return };
    let commands = commands.cmd("EVAL").arg(SET).arg(1).arg(key);
    commands.arg(entry.version).arg(value).arg(LIFETIME.as_secs());
}

/// Adds the removal of everything that is older than `version`.
pub(super) fn invalidate(commands: &mut Pipeline, key: &str, version: i64) {
    commands.cmd("EVAL").arg(INVALIDATE).arg(1).arg(key).arg(version).arg(LIFETIME.as_secs());
}

impl Cache {
    /// Sends writes. Whether they took place matters to nobody: a reader checks the version.
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
