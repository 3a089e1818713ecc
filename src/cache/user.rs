//! Cache of users: the profile as stored in PostgreSQL, and the user's settings. It holds no money, which is
//! always read from PostgreSQL. The version counts changes of the row (`users.version`).

use redis::Pipeline;
use serde::{Deserialize, Serialize};

use super::{Cache, Versioned, entry};
use crate::domain::ids::UserId;
use crate::domain::people::{Language, Person};
use crate::domain::preferences::Preferences;

/// The cache's label in metrics.
pub(super) const LABEL: &str = "user";

/// The cached part of a user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    /// The profile as stored; if a message has another one, PostgreSQL is read instead.
    pub profile: Person,
    /// The language that the user chose, else that of the user's app.
    pub language: Language,
    /// What the user has chosen. An entry of a version that did not know all of it cannot be read.
    pub preferences: Preferences,
}

/// Removes what is older than `version`; to be called after the change is committed.
pub async fn invalidate(cache: &Cache, user: UserId, version: i64) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    entry::invalidate(&mut commands, &keys.user(user), version);
    cache.write(commands).await;
}

/// Adds the writing of an entry.
pub(super) fn set(commands: &mut Pipeline, key: &str, user: &Versioned<User>) {
    entry::set(commands, key, user);
}
