//! The services that present a turn.

use super::super::courier::Courier;
use super::actions::Actions;
use crate::bot_api::Api;
use crate::db::Db;
use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics::Metrics;

/// The services that a screen uses. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    /// For drafts, edits and actions.
    pub api: Api,
    /// For chat actions.
    pub actions: Actions,
    /// For finished parts.
    pub courier: Courier,
    /// For storing finished parts in the outbox.
    pub db: Db,
    /// For ending at the abort.
    pub life: Lifecycle,
    /// For the time until the first words are shown.
    pub metrics: Metrics,
}
