//! Cache of users: the profile as PostgreSQL has it and what the user has chosen. No money: that is always asked of
//! PostgreSQL. The version counts changes of the row (`users.version`).

use redis::Pipeline;
use serde::{Deserialize, Serialize};

use super::{Cache, Versioned, entry};
use crate::domain::ids::UserId;
use crate::domain::model::ModelId;
use crate::domain::people::Person;

/// The label of this cache in metrics.
pub(super) const LABEL: &str = "user";

/// What is cached of a user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    /// The profile as stored; a message with another one leads to PostgreSQL.
    pub profile: Person,
    /// The model that the user chose.
    pub model: Option<ModelId>,
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
