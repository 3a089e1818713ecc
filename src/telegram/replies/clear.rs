//! `/clear`: forgets a conversation. Outside the topics of a chat that has some, whoever may manage them is offered to
//! delete them all; inside one, nothing but the sender's own conversation in it is forgotten.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::text::clear as text;
use super::{answer_to, spawn, topics};
use crate::db::DbError;
use crate::lifecycle::kill_point;
use crate::rendering::RichText;
use crate::services::clearing::{self, Cleared};

/// Forgets the sender's conversation up to this command and says so; called by its session.
pub(crate) async fn forget(context: &Arc<BotContext>, header: &MessageHeader) -> Result<(), DbError> {
    let confirmation = answer_to(header, RichText::plain(text::forgotten(header.language())));
    let (books, cache) = (&context.books, &context.cache);
    let clear = || clearing::clear(books, cache, header.caller(), header.message, &confirmation);
    let cleared = context.db.persist(clear).await?;
    kill_point!("clear: after the commit");
    context.copies_dropped.notify_one();
    let Cleared { owed, topics } = cleared;
    // After a crash the confirmation may be on its way already.
    context.courier().deliver_again(owed);
    tracing::info!(chat.id = header.key.chat.0, user.id = header.key.user.0, "forgot {}", header.key);
    if !topics.is_empty() {
        spawn(context, |context, header| topics::offer(context, header, topics), header.clone());
    }
    Ok(())
}
