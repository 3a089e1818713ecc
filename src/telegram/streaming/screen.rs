//! What the presentation of a turn uses.

use super::super::courier::Courier;
use super::actions::Actions;
use crate::bot_api::Api;
use crate::db::Db;
use crate::lifecycle::Lifecycle;

/// What a screen uses. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    /// For drafts, edits and actions.
    pub api: Api,
    /// For telling that something is being done.
    pub actions: Actions,
    /// For parts that are complete.
    pub courier: Courier,
    /// For promising such parts.
    pub db: Db,
    /// For giving up.
    pub life: Lifecycle,
}
