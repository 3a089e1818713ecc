//! Removes what is cached about a person, for an erasure. Other entries are left to expire; these are removed at once,
//! and the caller learns whether Redis has done so.

use super::client::Priority;
use super::{Cache, CacheError};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ThreadKey, UserId};

/// Entries of a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PersonalEntries<'a> {
    /// The profile and the choices.
    User(UserId),
    /// Conversations with their histories.
    Threads(&'a [ThreadKey]),
    /// Contents of files, by Telegram's ids of them.
    Files(&'a [String]),
    /// Contents of made files.
    MadeFiles(&'a [PublicFileId]),
}

/// Removes entries. Without Redis there are none.
///
/// # Errors
/// Returns an error if Redis is away or refuses; the entries expire within an hour.
pub(crate) async fn forget(cache: &Cache, entries: PersonalEntries<'_>) -> Result<(), CacheError> {
    if !cache.is_enabled() {
        return Ok(());
    }
    let keys = cache.keys()?;
    let names: Vec<String> = match entries {
        PersonalEntries::User(user) => vec![keys.user(user)],
        PersonalEntries::Threads(threads) => {
            threads.iter().flat_map(|key| [keys.thread(*key), keys.messages(*key)]).collect()
        }
        PersonalEntries::Files(files) => files.iter().map(|file| keys.file_bytes(file)).collect(),
        PersonalEntries::MadeFiles(files) => files.iter().map(|file| keys.made_file(*file)).collect(),
    };
    if names.is_empty() {
        return Ok(());
    }
    cache.ask_one(Priority::Background, redis::pipe().cmd("DEL").arg(names)).await.map(drop)
}
