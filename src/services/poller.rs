//! The duty to fetch updates from Telegram, which one instance has at a time: two pollers end each other's polls.

use super::instances::Instance;
use crate::db::{DbError, instances};

/// The name of the duty.
const POLLER: &str = "poller";

/// The duty to fetch updates, from the view of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Poller(Instance);

impl Poller {
    /// Creates the view of a registered instance.
    pub(crate) fn new(instance: Instance) -> Self {
        Self(instance)
    }

    /// Takes the duty if nobody alive has it. Returns whether this instance has it now.
    ///
    /// # Errors
    /// Returns an error if the service shuts down or the database fails permanently.
    pub(crate) async fn take(&self) -> Result<bool, DbError> {
        let (db, id) = (&self.0.db, self.0.id()?);
        db.until(&self.0.life.leaving).persist(|| instances::take_duty(db, id, POLLER)).await
    }

    /// Gives the duty back, so that another instance takes it at once.
    ///
    /// # Errors
    /// Returns an error if the service shuts down or the database fails permanently.
    pub(crate) async fn give_back(&self) -> Result<(), DbError> {
        let (db, id) = (&self.0.db, self.0.id()?);
        db.until(&self.0.life.drain).persist(|| instances::give_duty_back(db, id, POLLER)).await
    }
}
