//! Upgrades of groups to supergroups.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::Migration;
use crate::db::DbError;
use crate::services::group_upgrade;

/// Applies the upgrade.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(super) async fn handle(context: Arc<BotContext>, migration: Migration) -> Result<(), DbError> {
    let Migration { update, from, to } = migration;
    let (db, cache) = (&context.db, &context.cache);
    let follow = || group_upgrade::follow(db, cache, from, to, Some(update));
    db.persist(follow).await
}
