//! A group has become a supergroup.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::Migration;
use crate::db::DbError;
use crate::services::group_upgrade;

/// Takes the upgrade over.
///
/// # Errors
/// When the service is shutting down, or for a fault that waiting cannot heal.
pub(super) async fn handle(context: Arc<BotContext>, migration: Migration) -> Result<(), DbError> {
    let Migration { update, from, to } = migration;
    let (db, cache) = (&context.db, &context.cache);
    let follow = || group_upgrade::follow(db, cache, from, to, Some(update));
    db.persist(follow).await
}
