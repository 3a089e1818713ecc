//! Files that tools make: stored until Telegram has accepted them, an hour by default. PostgreSQL has every
//! content; Redis has copies of the newest ones up to a total size, so that what is delivered at once is not
//! read from the database.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::cache::{Cache, made_files as copies};
use crate::db::made_files::{self, KeepLimits, ListedMadeFile, NewMadeFile, SendableFile};
use crate::db::{Db, DbError};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ThreadKey, TurnId};
use crate::domain::media::UPLOAD_LIMIT;
use crate::lifecycle::kill_point;

/// How long a file is kept that nobody sends.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// The part of the room that one user may fill: one fourth.
const USERS: u64 = 4;
/// The longest file name, in code points. Telegram accepts 60 bytes and more of it, people read fewer.
const LONGEST_NAME: usize = 100;
/// The longest description, in code points.
const LONGEST_DESCRIPTION: usize = 500;
/// Files deleted per batch.
const BATCH: i64 = 100;

/// Stores and returns the files that tools make. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MadeFiles {
    db: Db,
    cache: Cache,
    limits: KeepLimits,
}

/// A file from a tool.
#[derive(Clone, Debug)]
pub struct MadeFile<'a> {
    /// The turn whose tool has made it.
    pub turn: TurnId,
    /// The name that the tool gives it; unsuitable characters and directories are removed.
    pub name: &'a str,
    /// The MIME type; empty means that it is unknown.
    pub mime: &'a str,
    /// What it is, for the model.
    pub description: &'a str,
    /// The content.
    pub content: &'a [u8],
}

/// Why a file was not stored.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// It has no content, and Telegram accepts no such file.
    #[error("the file is empty")]
    Empty,
    /// It is larger than a bot can send.
    #[error("the file is larger than {} MB", UPLOAD_LIMIT / 1024 / 1024)]
    TooLarge,
    /// The room for files that nobody has got yet is used up.
    #[error("there is no room for more files until others are delivered or expire")]
    NoRoom,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl MadeFiles {
    /// Creates the store with `total` bytes of room, of which Redis gets copies up to `cached` bytes.
    pub fn new(db: Db, cache: Cache, total: u64, cached: u64) -> Self {
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let limits = KeepLimits {
            total: bytes(total),
            user: bytes(total / USERS),
            cached: bytes(cached),
            seconds: LIFETIME.as_secs_f64(),
        };
        Self { db, cache, limits }
    }

    /// A store that nobody reaches, for tests of what does not need one.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        Self::new(Db::nowhere(), Cache::disabled(), 0, 0)
    }

    /// Returns the database of the store.
    #[cfg(test)]
    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// Returns the files of a conversation that may be sent under these ids: a person's and made ones. See
    /// [`made_files::sendable`].
    pub(crate) async fn sendable(
        &self,
        key: ThreadKey,
        ids: &[PublicFileId],
    ) -> Result<Vec<SendableFile>, DbError> {
        made_files::sendable(&self.db, key, ids).await
    }

    /// Returns the newest `limit` made files of a conversation, newest first.
    pub(crate) async fn of_thread(&self, key: ThreadKey, limit: i64) -> Result<Vec<ListedMadeFile>, DbError> {
        made_files::of_thread(&self.db, key, limit).await
    }

    /// Stores a file for an hour, or until Telegram has accepted it. Returns the id for the model.
    ///
    /// # Errors
    /// Returns an error if the file is empty or too large, if there is no room, or if the database fails.
    pub async fn keep(&self, file: &MadeFile<'_>) -> Result<PublicFileId, KeepError> {
        if file.content.is_empty() {
            return Err(KeepError::Empty);
        }
        if file.content.len() as u64 > UPLOAD_LIMIT {
            return Err(KeepError::TooLarge);
        }
        self.expire().await?;
        let (name, mime) = (file_name(file.name), file.mime.trim());
        let description: String = file.description.chars().take(LONGEST_DESCRIPTION).collect();
        let new = NewMadeFile {
            id: PublicFileId::of_bits(rand::random()),
            turn: file.turn,
            name: &name,
            mime: if mime.is_empty() { "application/octet-stream" } else { mime },
            description: &description.replace('\0', ""),
            content: file.content,
        };
        let cached = made_files::keep(&self.db, &new, self.limits).await?.ok_or(KeepError::NoRoom)?;
        kill_point!("tool: file kept");
        if cached {
            copies::put(&self.cache, new.id, file.content, LIFETIME).await;
        }
        Ok(new.id)
    }

    /// Returns the content of a file whose conversation the caller has checked. Returns `None` if it was
    /// deleted.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub async fn content(&self, id: PublicFileId) -> Result<Option<Vec<u8>>, DbError> {
        match copies::get(&self.cache, id).await {
            Some(content) => Ok(Some(content)),
            None => made_files::content(&self.db, id).await,
        }
    }

    /// Deletes the copies of files that Telegram has.
    pub(crate) async fn forget_copies(&self, ids: &[PublicFileId]) {
        copies::forget(&self.cache, ids).await;
    }

    /// Deletes expired files that no waiting message contains.
    async fn expire(&self) -> Result<(), DbError> {
        expire(&self.db).await
    }
}

/// Deletes expired files that no waiting message contains.
pub(crate) async fn expire(db: &Db) -> Result<(), DbError> {
    while made_files::expire(db, BATCH).await? >= BATCH.unsigned_abs() {}
    Ok(())
}

/// Deletes what is known of delivered files that were made before a time.
pub(crate) async fn forget(db: &Db, before: DateTime<Utc>) -> Result<(), DbError> {
    while made_files::forget(db, before, BATCH).await? >= BATCH.unsigned_abs() {}
    Ok(())
}

/// Returns a name that every system accepts: the last component of a path, without control characters and
/// those that file systems reserve. Never empty.
pub(super) fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let suitable = |c: &char| !c.is_control() && !"<>:\"|?*\u{2028}\u{2029}\u{202e}".contains(*c);
    let name: String = last.chars().filter(suitable).collect();
    let name = name.trim().trim_start_matches('.').trim();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let extension: String = extension.chars().take(20).collect();
    let room = LONGEST_NAME - extension.chars().count() - 1;
    let stem: String = stem.chars().take(room).collect();
    match (stem.trim(), extension.as_str()) {
        ("", "") => "file".to_owned(),
        ("", extension) => format!("file.{extension}"),
        (stem, "") => stem.to_owned(),
        (stem, extension) => format!("{stem}.{extension}"),
    }
}

#[cfg(test)]
mod tests;
