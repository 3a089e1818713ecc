//! How a conversation gets its sandbox: the one it has, if that still lives, or another one.

use std::collections::BTreeMap;

use tokio::time::sleep;

use super::hold::Hold;
use super::open::OpenSandbox;
use super::{LEASE, LIFE, OpenError, PAUSE, Sandboxes, new_key};
use crate::db::sandboxes::{self, SandboxLease, StoredSandbox};
use crate::domain::ids::{ThreadId, TurnId};
use crate::lifecycle::kill_point;
use crate::sandbox::{Connection, SandboxError};

impl Sandboxes {
    /// Opens the sandbox of a conversation, when nobody else uses it. The caller limits the time.
    ///
    /// # Errors
    /// Returns an [`OpenError`].
    pub(crate) async fn open(&self, thread: ThreadId, turn: TurnId) -> Result<OpenSandbox, OpenError> {
        let lease = SandboxLease { thread, number: rand::random(), lasts: LEASE, life: LIFE };
        let key = new_key();
        let db = &self.db;
        let stored = loop {
            match db.persist(|| sandboxes::claim(db, lease, &key)).await? {
                Some(stored) => break stored,
                None => sleep(PAUSE).await,
            }
        };
        let hold = Hold::new(self, lease);
        kill_point!("sandbox: claimed");
        let is_fresh = stored.key == key;
        let StoredSandbox { key, provider_id, inputs } = stored;
        if let Some(id) = provider_id {
            match self.client.connect(&id, LIFE).await {
                Ok(connection) => return Ok(OpenSandbox::new(self, hold, connection, false, inputs)),
                // A sandbox whose system does not answer is as good as gone.
                Err(SandboxError::Gone | SandboxError::Service { status: 409, .. }) => {}
                Err(error) => return Err(error.into()),
            }
            tracing::info!("the sandbox of a conversation is gone, another one takes its place");
            let key = new_key();
            if !db.persist(|| sandboxes::replace(db, lease, &key)).await? {
                return Err(OpenError::Lost);
            }
            self.look_for_unwanted();
            let connection = self.create(thread, turn, &key, false).await?;
            return Ok(OpenSandbox::new(self, hold, connection, true, BTreeMap::new()));
        }
        // An instance that died while it created the sandbox may have left it.
        let connection = self.create(thread, turn, &key, !is_fresh).await?;
        Ok(OpenSandbox::new(self, hold, connection, true, BTreeMap::new()))
    }

    /// Creates a sandbox under a key that is stored. Dropping the future is as harmless as a crash: the next
    /// call finds by the key what may have been created, else its life ends it.
    async fn create(
        &self,
        thread: ThreadId,
        turn: TurnId,
        key: &str,
        may_exist: bool,
    ) -> Result<Connection, OpenError> {
        let found = if may_exist { self.client.find(key).await?.into_iter().next() } else { None };
        let connection = if let Some(id) = found {
            self.client.connect(&id, LIFE).await?
        } else {
            let origin = [("thread", thread.0.to_string()), ("turn", turn.0.to_string())];
            self.client.create(key, &origin, LIFE).await?
        };
        kill_point!("sandbox: created");
        let (db, id) = (&self.db, connection.id.as_str());
        if db.persist(|| sandboxes::created(db, thread, key, id)).await? {
            kill_point!("sandbox: stored");
            return Ok(connection);
        }
        self.look_for_unwanted();
        Err(OpenError::Lost)
    }
}
