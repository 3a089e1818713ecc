//! Replies: sentences that answer an update and tick it off, for sessions and handlers alike. What several messages
//! lead to in turn, the amount of a payment and the end of a conversation, has files of its own.

pub(crate) mod amount;
pub(crate) mod clear;
pub(crate) mod topics;

use std::future::Future;
use std::sync::Arc;

use tracing::Instrument;

use super::context::BotContext;
use super::inbound::{MessageHeader, attachments};
use super::text;
use crate::bot_api::methods::AnswerCallbackQuery;
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::db::people::KnownUser;
use crate::domain::file::Retrieval;
use crate::domain::ids::{OutboxId, UpdateId};
use crate::domain::message::Incoming;
use crate::domain::people::{ChatKind, Language};
use crate::rendering::RichText;
use crate::services::intake;

/// Answers an envelope with a sentence in the sender's language and ticks its update off, in one transaction.
///
/// # Errors
/// When the service is shutting down, or for a fault that waiting cannot heal.
pub(super) async fn reply(
    context: &BotContext,
    header: &MessageHeader,
    sentence: impl Fn(Language, &KnownUser) -> String,
) -> Result<(), DbError> {
    let language = header.language();
    let owed = |known: &KnownUser| answer_to(header, RichText::plain(sentence(language, known)));
    let answer = || intake::answer_command(&context.books, header.caller(), owed);
    carry_out(context, answer).await
}

/// Carries out what an update asks for and delivers what is owed then.
///
/// # Errors
/// As for [`reply`].
pub(super) async fn carry_out<F>(context: &BotContext, operation: impl Fn() -> F) -> Result<(), DbError>
where
    F: Future<Output = Result<Vec<(OutboxId, OutboxMessage)>, DbError>>,
{
    let owed = context.db.persist(operation).await?;
    context.courier().deliver(owed);
    Ok(())
}

/// The message that answers an update.
pub(super) fn answer_to(header: &MessageHeader, text: RichText) -> OutboxMessage {
    let private = header.chat.kind == ChatKind::Private;
    let key = format!("update:{}", header.update);
    OutboxMessage {
        reply_to: (!private).then_some(header.message),
        after: Some(header.message),
        ..OutboxMessage::new(key, header.key.chat, header.key.topic, text.into_wire())
    }
}

/// Ends the waiting mark of a tapped button, beside everything else. Nothing is lost if that fails: the mark ends by
/// itself.
pub(super) fn answer_tap(context: &BotContext, callback: String, text: Option<String>) {
    let api = context.screen.api.clone();
    context.life.spawn("tap", async move {
        let method = AnswerCallbackQuery { callback_query_id: &callback, text };
        if let Err(error) = api.call(&method).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a tap was not answered");
        }
    });
}

/// Tells that a message without words is not answered, because its file could not be fetched.
///
/// # Errors
/// As for [`reply`].
pub(super) async fn not_fetched(context: &BotContext, incoming: Incoming) -> Result<(), DbError> {
    let readable = || incoming.attachment.as_ref().and_then(|file| attachments::readable(file).err());
    let why = if incoming.fetched == Retrieval::Failed { None } else { readable() };
    reply(context, &incoming.into(), |language, _| match why {
        Some(why) => text::unreadable(language, why),
        None => text::not_fetched(language),
    })
    .await
}

/// Ticks an update off that has no lasting effect.
pub(super) fn mark_handled(context: &Arc<BotContext>, update: UpdateId) {
    let task = context.clone();
    context.life.spawn("tick off", async move {
        let db = &task.db;
        finish(db.persist(|| intake::mark_handled(db, update)).await);
    });
}

/// Runs a handler in a task of its own.
pub(super) fn spawn<F>(
    context: &Arc<BotContext>,
    handler: impl FnOnce(Arc<BotContext>, MessageHeader) -> F,
    header: MessageHeader,
) where
    F: Future<Output = Result<(), DbError>> + Send + 'static,
{
    let task = handler(context.clone(), header);
    context.life.spawn("handler", async move { finish(task.await) }.in_current_span());
}

/// Logs the fault of a handler.
pub(super) fn finish(result: Result<(), DbError>) {
    if let Err(error) = result {
        // The update stays in the inbox for the next start.
        tracing::error!(error = &error as &dyn std::error::Error, "a handler failed");
    }
}
