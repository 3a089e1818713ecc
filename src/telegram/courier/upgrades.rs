//! Groups that turn out to have become supergroups when a message is sent to them. The new chat has another bucket,
//! which another instance may hold.

use crate::cache::Cache;
use crate::db::{Db, DbError, outbox};
use crate::domain::bucket::Bucket;
use crate::domain::ids::{ChatId, OutboxId};
use crate::lifecycle::holdings::{Holdings, Occupied};
use crate::services::group_upgrade;

/// The upgrades that one delivery comes across.
#[derive(Debug)]
pub(super) struct Upgrades<'a> {
    pub(super) db: &'a Db,
    pub(super) cache: &'a Cache,
    pub(super) holdings: &'a Holdings,
    /// Keeps the bucket of the new chat while the message is sent there.
    pub(super) entered: Option<Occupied>,
}

impl Upgrades<'_> {
    /// Applies the upgrade of the group `from` to the supergroup `to`. Returns whether the message is sent there from
    /// here; if not, it is left to the instance that holds the new chat.
    ///
    /// # Errors
    /// Returns the errors of [`Db::persist`].
    pub(super) async fn follow(&mut self, id: OutboxId, from: ChatId, to: ChatId) -> Result<bool, DbError> {
        let (db, cache) = (self.db, self.cache);
        // Entered first: from the upgrade on, whoever holds the bucket may deliver what is owed there.
        self.entered = self.holdings.enter(Bucket::of(to));
        db.persist(|| group_upgrade::follow(db, cache, from, to, None)).await?;
        if self.entered.is_some() {
            return Ok(true);
        }
        // Also if the upgrade was applied before and has not moved this message now.
        let left = [id];
        db.persist(|| outbox::leave_to_holder(db, &left)).await?;
        tracing::info!(outbox.id = id.0, chat.id = to.0, "the message {id} is left to who answers {to}");
        Ok(false)
    }
}
