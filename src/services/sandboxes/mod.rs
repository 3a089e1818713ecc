//! Sandboxes of conversations: one per conversation, used by one call at a time. A row in the database
//! decides which sandbox that is and who uses it, so that several instances share it and a crash loses none.
//!
//! The provider kills a sandbox [`LIFE`] after its last use, which is why nothing stays for longer than that,
//! whatever becomes of us. While a sandbox is used, its life and the lease are extended again and again.

mod attaching;
mod deletions;
mod hold;
mod open;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::file_contents::{ContentError, FileContents};
use crate::db::{Db, DbError};
use crate::lifecycle::Lifecycle;
use crate::sandbox::{Client, SandboxError};

pub(crate) use open::{InstallError, OpenSandbox};

/// How long a sandbox lives after its last use.
const LIFE: Duration = Duration::from_secs(300);
/// How long a worker owns a sandbox without renewing that, and how often it renews it.
const LEASE: Duration = Duration::from_secs(10);
const RENEWAL: Duration = Duration::from_secs(3);
/// How often the life of a sandbox in use is extended at the provider.
const EXTENSION: Duration = Duration::from_secs(60);
/// How long to wait before asking again whether another worker has finished.
const PAUSE: Duration = Duration::from_millis(250);
/// Files that are in memory on their way out of sandboxes, over all conversations.
const MAX_LOADED: usize = 4;

/// The sandboxes of all conversations. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sandboxes(Arc<Parts>);

/// What sandboxes need. Shared, because it is part of what every turn carries.
#[derive(Debug)]
pub(crate) struct Parts {
    client: Client,
    db: Db,
    contents: FileContents,
    life: Lifecycle,
    /// Wakes the deletion of sandboxes that nobody wants any more.
    unwanted: Arc<Notify>,
    loaded: Arc<Semaphore>,
}

/// Why a sandbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The service has not done what was asked.
    #[error(transparent)]
    Service(#[from] SandboxError),
    /// The sandbox was taken away: its conversation was cleared, or this instance was too slow.
    #[error("the sandbox was taken away")]
    Lost,
    /// A file for it cannot be loaded.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl Sandboxes {
    pub(crate) fn new(client: Client, db: Db, contents: FileContents, life: Lifecycle) -> Self {
        let (unwanted, loaded) = (Arc::default(), Arc::new(Semaphore::new(MAX_LOADED)));
        Self(Arc::new(Parts { client, db, contents, life, unwanted, loaded }))
    }

    /// Returns the files of conversations.
    pub(crate) fn contents(&self) -> &FileContents {
        &self.contents
    }

    /// Kills sandboxes soon that nobody wants any more: conversations may have been cleared.
    pub(crate) fn look_for_unwanted(&self) {
        self.unwanted.notify_one();
    }
}

impl Deref for Sandboxes {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Returns a key for a new sandbox. Lower case, because it is also a key of the request.
fn new_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}
