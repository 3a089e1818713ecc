//! `/clear`: forgets a conversation. Outside the topics of a chat, a user with the right to manage topics is
//! offered to delete them all. Inside a topic, only the sender's own conversation is forgotten.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::locale;
use super::super::text::clear as text;
use super::{answer_to, spawn, topics};
use crate::db::DbError;
use crate::lifecycle::kill_point;
use crate::rendering::RichText;
use crate::services::clearing::{self, Cleared};

/// Forgets the sender's conversation up to this command and confirms it. Called by the thread's session.
pub(crate) async fn forget(context: &Arc<BotContext>, header: &MessageHeader) -> Result<(), DbError> {
    let language = locale::of(context, &header.sender).await?;
    let confirmation = answer_to(header, RichText::plain(text::forgotten(language)));
    let (books, cache) = (&context.books, &context.cache);
    let clear = || clearing::clear(books, cache, header.caller(), header.message, &confirmation);
    let cleared = context.db.persist(clear).await?;
    kill_point!("clear: after the commit");
    context.forgotten();
    let Cleared { owed: messages, topics } = cleared;
    // After a crash the confirmation may already be queued.
    context.courier().deliver_again(messages);
    tracing::info!(chat.id = header.key.chat.0, user.id = header.sender.id.0, "forgot {}", header.key);
    if !topics.is_empty() {
        spawn(context, |context, header| topics::offer(context, header, topics), header.clone());
    }
    Ok(())
}
