//! Routing: each update reaches its handler here, and every handler returns in milliseconds. What takes longer runs in
//! a session or in a task of its own; the inbox row stays until its effects are committed.

mod help;
mod start;

use std::future::Future;
use std::sync::Arc;

use tokio::time::Instant;

use super::api::methods::AnswerCallbackQuery;
use super::context::Context;
use super::inbound::{self, Command, Envelope, Inbound, Tapped};
use super::keyboards::{self, Tap};
use super::pipeline::normalize::normalize;
use super::pipeline::queue::{Letter, Posted, StopBy, StopWish};
use super::{rendering::RichText, session, text};
use crate::db::DbError;
use crate::db::outbox::Owed;
use crate::db::people::Known;
use crate::domain::ids::{ThreadKey, UpdateId};
use crate::domain::people::{ChatKind, Language};
use crate::services::intake;

/// Handles one update. Updates of one chat come in order, those of different chats side by side.
pub fn route(context: &Arc<Context>, update: teloxide::types::Update) {
    let id = UpdateId(i64::from(update.id.0));
    match inbound::read(update, &context.me) {
        Inbound::Prompt(incoming) => {
            context.metrics.messages_received.with_label_values(&[incoming.chat.kind.name()]).inc();
            let incoming = normalize(incoming);
            post(context, id, incoming.key, Letter::Message(Box::new(incoming), Instant::now()));
        }
        Inbound::Edited(edit) => post(context, id, edit.key, Letter::Edit(edit)),
        Inbound::Command(Command::Stop, envelope) => {
            let key = envelope.key;
            post(context, id, key, Letter::Stop(StopWish { update: id, by: StopBy::Command(envelope) }));
        }
        Inbound::Command(Command::Start, envelope) => spawn(context, start::handle, envelope),
        Inbound::Command(Command::Help, envelope) => spawn(context, help::handle, envelope),
        Inbound::Tapped(tap) => tapped(context, tap),
        Inbound::Unreadable(envelope) => spawn(context, unreadable, envelope),
        Inbound::Ignored => {
            context.metrics.updates_ignored.inc();
            tick_off(context, id);
        }
    }
}

/// A tap goes to the session of the person who tapped: only one's own answer can be stopped.
fn tapped(context: &Arc<Context>, tapped: Tapped) {
    let Tapped { update, callback, key, language, data } = tapped;
    if let (Some(key), Some(Tap::Stop(turn))) = (key, keyboards::read(&data)) {
        let by = StopBy::Button { turn, callback, language };
        return post(context, update, key, Letter::Stop(StopWish { update, by }));
    }
    answer_tap(context, callback, None);
    tick_off(context, update);
}

/// Ends the waiting mark of a tapped button, beside everything else. Nothing is lost if that fails: the mark ends by
/// itself.
pub fn answer_tap(context: &Context, callback: String, text: Option<String>) {
    let api = context.screen.api.clone();
    context.life.spawn("tap", async move {
        let method = AnswerCallbackQuery { callback_query_id: &callback, text };
        if let Err(error) = api.call(&method).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a tap was not answered");
        }
    });
}

/// Ticks an update off that has no lasting effect.
fn tick_off(context: &Arc<Context>, update: UpdateId) {
    let task = context.clone();
    context.life.spawn("tick off", async move {
        let (db, abort) = (&task.db, &task.life.abort);
        finish(db.persist("intake::tick_off", abort, || intake::tick_off(db, update)).await);
    });
}

/// Posts a letter to a thread's session, waking one if nobody is awake.
pub fn post(context: &Arc<Context>, update: UpdateId, key: ThreadKey, letter: Letter) {
    match context.mailboxes.post(key, letter) {
        Posted::Delivered => {}
        Posted::Wake(mailbox) => {
            context.life.spawn("session", session::run(context.clone(), key, mailbox));
        }
        Posted::Full => {
            context.metrics.updates_deferred.inc();
            context.deferred.put(update);
        }
    }
}

/// Answers an envelope with a sentence in the sender's language and ticks its update off, in one transaction.
///
/// # Errors
/// When the service is shutting down, or for a fault that waiting cannot heal.
pub async fn reply(
    context: &Context,
    envelope: &Envelope,
    sentence: impl Fn(Language, &Known) -> String,
) -> Result<(), DbError> {
    let language = Language::from_tag(envelope.sender.language_code.as_deref());
    let private = envelope.chat.kind == ChatKind::Private;
    let owed = |known: &Known| {
        let text = RichText::plain(sentence(language, known));
        Owed {
            key: format!("update:{}", envelope.update),
            chat: envelope.key.chat,
            topic: envelope.key.topic,
            turn: None,
            entities: text.wire_entities(),
            text: text.text,
            reply_to: (!private).then_some(envelope.message),
            replaces: None,
        }
    };
    let db = &context.db;
    let answer = || intake::answer_command(&context.books, envelope.update, &envelope.sender, &envelope.chat, owed);
    let owed = db.persist("intake::answer_command", &context.life.abort, answer).await?;
    context.courier().deliver(owed);
    Ok(())
}

async fn unreadable(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    reply(&context, &envelope, |language, _| text::only_text(language)).await
}

/// Runs a handler in a task of its own.
fn spawn<F>(context: &Arc<Context>, handler: fn(Arc<Context>, Envelope) -> F, envelope: Envelope)
where
    F: Future<Output = Result<(), DbError>> + Send + 'static,
{
    let task = handler(context.clone(), envelope);
    context.life.spawn("handler", async move { finish(task.await) });
}

fn finish(result: Result<(), DbError>) {
    if let Err(error) = result {
        // The update stays in the inbox for the next start.
        tracing::error!(error = &error as &dyn std::error::Error, "a handler failed");
    }
}
