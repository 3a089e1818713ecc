//! `/help`: what the bot can do.

use std::sync::Arc;

use super::super::context::Context;
use super::super::inbound::Envelope;
use super::super::text;
use crate::db::DbError;

pub(super) async fn handle(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    super::reply(&context, &envelope, |language, _| text::help(language)).await
}
