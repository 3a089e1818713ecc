//! Replies: sentences that answer an update and mark it as handled, for sessions and handlers. Dialogs over
//! several messages have files of their own: the amount of a payment, the content of an announcement, what a
//! person chooses, and `/clear`; so have cards.

pub(crate) mod amount;
pub(crate) mod announcement;
pub(crate) mod cards;
pub(crate) mod choices;
pub(crate) mod clear;
pub(crate) mod personality;
pub(crate) mod retry;
pub(crate) mod rights;
pub(crate) mod topics;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::context::BotContext;
use super::inbound::{MessageHeader, attachments};
use super::{locale, text};
use crate::bot_api::ApiError;
use crate::bot_api::methods::{AnswerCallbackQuery, EditMessageReplyMarkup};
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::db::people::KnownUser;
use crate::domain::backoff::Backoff;
use crate::domain::file::{Refusal, Retrieval};
use crate::domain::ids::{OutboxId, UpdateId};
use crate::domain::message::Incoming;
use crate::domain::people::{ChatKind, Language, Person};
use crate::llm::Unreadable;
use crate::rendering::RichText;
use crate::services::file_allowance::DailyLimit;
use crate::services::intake;

/// The first and the longest pause between two attempts to call Telegram.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Replies to a message in the sender's language and marks its update as handled, in one transaction.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(super) async fn reply(
    context: &BotContext,
    header: &MessageHeader,
    sentence: impl Fn(Language, &KnownUser) -> String,
) -> Result<(), DbError> {
    let message = |known: &KnownUser| answer_to(header, RichText::plain(sentence(known.language, known)));
    let answer = || intake::answer_command(&context.books, header.caller(), message);
    carry_out(context, answer).await
}

/// Runs the operation that an update requests and delivers the messages that result.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(super) async fn carry_out<F>(context: &BotContext, operation: impl Fn() -> F) -> Result<(), DbError>
where
    F: Future<Output = Result<Vec<(OutboxId, OutboxMessage)>, DbError>>,
{
    let messages = context.db.persist(operation).await?;
    context.courier().deliver(messages);
    Ok(())
}

/// Returns the outbox message that replies to an update.
pub(super) fn answer_to(header: &MessageHeader, text: RichText) -> OutboxMessage {
    let private = header.chat.kind == ChatKind::Private;
    let key = format!("update:{}", header.update);
    OutboxMessage {
        reply_to: (!private).then_some(header.message),
        after: Some(header.message),
        owner: Some(header.sender.id),
        ..OutboxMessage::new(key, header.key.chat, header.key.topic, text.into_wire())
    }
}

/// Ends the progress indicator of a tapped button, in the background. A failure is harmless: the indicator
/// ends by itself.
pub(super) fn answer_tap(context: &BotContext, callback: String, text: Option<String>) {
    let api = context.screen.api.clone();
    context.life.spawn("tap", async move {
        let method = AnswerCallbackQuery { callback_query_id: &callback, text };
        if let Err(error) = api.call(&method).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a tap was not answered");
        }
    });
}

/// Ends the progress indicator of a tapped button with a sentence in the language of the person who tapped, in the
/// background.
pub(super) fn answer_tap_in_words(
    context: &Arc<BotContext>,
    callback: String,
    person: Person,
    sentence: impl FnOnce(Language) -> String + Send + 'static,
) {
    let task = context.clone();
    context.life.spawn("tap", async move {
        let language = locale::soon(&task, &person).await;
        answer_tap(&task, callback, Some(sentence(language)));
    });
}

/// Removes the buttons of a message, in the background. A failure is harmless: a second press changes
/// nothing.
pub(super) fn remove_buttons(context: &BotContext, header: &MessageHeader) {
    let (api, chat_id, message_id) = (context.screen.api.clone(), header.key.chat, header.message);
    context.life.spawn("remove buttons", async move {
        let method = EditMessageReplyMarkup { chat_id, message_id, reply_markup: None };
        if let Err(error) = api.call(&method).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the buttons of a message stay");
        }
    });
}

/// Replies that a message without words is not answered, because its file could not be fetched.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(super) async fn not_fetched(context: &BotContext, incoming: Incoming) -> Result<(), DbError> {
    let most = context.screen.api.file_limit();
    let readable = || incoming.attachment.as_ref().and_then(|file| attachments::fetchable(file, most).err());
    let why = if incoming.fetched == Retrieval::Failed { None } else { readable() };
    let fetched = incoming.fetched.clone();
    let daily_limit = DailyLimit::of(&context.books);
    reply(context, &incoming.into(), |language, _| match (&fetched, why) {
        (Retrieval::Refused(Refusal::DailyLimit), _) => text::over_daily_limit(language, daily_limit),
        (Retrieval::Refused(Refusal::TooLarge { limit }), _) => {
            text::unreadable(language, Unreadable::TooLarge { limit: *limit })
        }
        (Retrieval::Faulty(fault), _) => text::faulty_picture(language, *fault),
        (Retrieval::FaultyDocument(fault), _) => text::faulty_document(language, *fault),
        (_, Some(why)) => text::unreadable(language, why),
        (_, None) => text::not_fetched(language),
    })
    .await
}

/// Marks an update without lasting effect as handled, in the background.
pub(super) fn mark_handled(context: &Arc<BotContext>, update: UpdateId) {
    let task = context.clone();
    context.life.spawn("tick off", async move {
        let db = &task.db;
        log_failure(db.persist(|| intake::mark_handled(db, update)).await);
    });
}

/// Runs a handler in its own task.
pub(super) fn spawn<F>(
    context: &Arc<BotContext>,
    handler: impl FnOnce(Arc<BotContext>, MessageHeader) -> F,
    header: MessageHeader,
) where
    F: Future<Output = Result<(), DbError>> + Send + 'static,
{
    let task = handler(context.clone(), header);
    context.life.spawn("handler", async move { log_failure(task.await) }.in_current_span());
}

/// Logs a handler's failure. The update stays in the inbox until the next start.
pub(super) fn log_failure(result: Result<(), DbError>) {
    if let Err(error) = result {
        tracing::error!(error = &error as &dyn std::error::Error, "a handler failed");
    }
}

/// Retries a call while Telegram is unavailable, up to a number of attempts. Returns `None` if the service
/// drains.
pub(super) async fn patiently<T, F>(
    context: &BotContext,
    tries: u32,
    call: impl Fn() -> F,
) -> Option<Result<T, ApiError>>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let drain = &context.life.drain;
    let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
    for _ in 1..tries {
        match drain.run_until_cancelled(call()).await? {
            Err(error) if error.is_passing() => {
                drain.run_until_cancelled(tokio::time::sleep(pauses.next())).await?;
            }
            settled => return Some(settled),
        }
    }
    drain.run_until_cancelled(call()).await
}
