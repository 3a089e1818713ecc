//! `/clear`: forgets a conversation. Outside the topics of a chat that has some, whoever may manage them is offered to
//! delete them all; inside one, nothing but the sender's own conversation in it is forgotten.

use std::sync::Arc;

use super::super::context::Context;
use super::super::inbound::Envelope;
use super::super::rendering::RichText;
use super::super::text::clear as text;
use super::{answer_to, spawn, topics};
use crate::db::DbError;
use crate::lifecycle::kill_point;
use crate::services::clearing::{self, Cleared};

/// Forgets the sender's conversation up to this command and says so; called by its session.
pub(crate) async fn forget(context: &Arc<Context>, envelope: &Envelope) -> Result<(), DbError> {
    let confirmation = answer_to(envelope, RichText::plain(text::forgotten(envelope.language())));
    let (books, cache) = (&context.books, &context.cache);
    let clear = || clearing::clear(books, cache, envelope.caller(), envelope.message, &confirmation);
    let cleared = context.db.persist("clearing::clear", &context.life.abort, clear).await?;
    kill_point!("clear: after the commit");
    let Cleared { owed, topics } = cleared;
    // After a crash the confirmation may be on its way already.
    context.courier().deliver_again(owed);
    tracing::info!(chat.id = envelope.key.chat.0, user.id = envelope.key.user.0, "forgot {}", envelope.key);
    if !topics.is_empty() {
        spawn(context, |context, envelope| topics::offer(context, envelope, topics), envelope.clone());
    }
    Ok(())
}
