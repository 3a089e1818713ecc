//! Routing: each update reaches its handler here, and every handler returns in milliseconds. What takes longer runs in
//! a session or in a task of its own; the inbox row stays until its effects are committed.

mod admin;
mod balance;
mod checkout;
pub(super) mod clear;
mod help;
mod migrated;
pub(super) mod pay;
mod refund;
mod start;
mod support;
pub(super) mod topics;

use std::future::Future;
use std::sync::Arc;

use super::context::BotContext;
use super::inbound::attachments;
use super::inbound::payments::PaymentEvent;
use super::inbound::raw::Update;
use super::inbound::{self, ButtonPress, Command, Idle, Inbound, Membership, MessageHeader};
use super::keyboards::{self, ButtonAction};
use super::pipeline::normalize::normalize;
use super::pipeline::queue::{self, PostResult, SessionInput, StopRequest, StopSource};
use super::{session, text};
use crate::bot_api::methods::AnswerCallbackQuery;
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::db::people::KnownUser;
use crate::domain::file::Retrieval;
use crate::domain::ids::{OutboxId, ThreadKey, UpdateId};
use crate::domain::message::Incoming;
use crate::domain::people::{ChatKind, Language};
use crate::llm::Unreadable;
use crate::rendering::RichText;
use crate::services::{intake, people};

/// Handles one update. Updates of one chat come in order, those of different chats side by side.
pub fn route(context: &Arc<BotContext>, update: Update) {
    let id = update.id;
    match inbound::read(update, &context.me, context.books.clock.now()) {
        Inbound::Prompt(incoming) => {
            if incoming.chat.kind != ChatKind::Private {
                context.albums.remember(&incoming);
            }
            prompt(context, incoming);
        }
        Inbound::Sibling(incoming) if context.albums.contain(&incoming) => prompt(context, incoming),
        Inbound::Edited(edit) => post(context, id, edit.key, SessionInput::Edit(Box::new(edit))),
        Inbound::Command(Command::Stop, header) => {
            let key = header.key;
            post(
                context,
                id,
                key,
                SessionInput::Stop(Box::new(StopRequest {
                    update: id,
                    by: StopSource::Command(Box::new(header)),
                })),
            );
        }
        Inbound::Command(Command::Clear, header) => {
            post(context, id, header.key, SessionInput::Clear(Box::new(header)));
        }
        Inbound::Command(Command::Start, header) => spawn(context, start::handle, header),
        Inbound::Command(Command::Help, header) => spawn(context, help::handle, header),
        Inbound::Command(Command::Cancel, header) => spawn(context, pay::cancel, header),
        Inbound::Command(Command::Pay, header) => spawn(context, pay::packages, header),
        Inbound::Command(Command::Balance, header) => spawn(context, balance::handle, header),
        Inbound::Command(Command::Refund, header) => spawn(context, refund::handle, header),
        Inbound::Command(Command::PaySupport, header) => spawn(context, support::contact, header),
        Inbound::Command(Command::Terms, header) => spawn(context, support::terms, header),
        Inbound::Command(Command::TopUp, header) => spawn(context, admin::top_up, header),
        Inbound::Command(Command::SetMargin, header) => spawn(context, admin::set_margin, header),
        Inbound::Tapped(tap) => tapped(context, tap),
        Inbound::Membership(news) => membership(context, news),
        Inbound::Migrated(migration) => {
            let task = migrated::handle(context.clone(), migration);
            context.life.spawn("migration", async move { finish(task.await) });
        }
        Inbound::Stopped { update, key, draft } => {
            let stop_request = StopRequest { update, by: StopSource::Draft(draft) };
            post(context, update, key, SessionInput::Stop(Box::new(stop_request)));
        }
        Inbound::Unreadable(header, why, kind) => {
            tracing::info!(update.id = id.0, kind, "a message has nothing in it that can be read");
            context.metrics.messages_unread.with_label_values(&[kind]).inc();
            spawn(context, move |context, header| unreadable(context, header, why), header);
        }
        Inbound::Sibling(_) => ignore(context, id, Idle::NotAddressed, "album"),
        Inbound::Ignored(why, kind) => ignore(context, id, why, kind),
    }
}

/// Ticks off what asks for nothing, but says so.
fn ignore(context: &Arc<BotContext>, update: UpdateId, why: Idle, kind: &'static str) {
    context.metrics.updates_ignored.inc();
    match why {
        Idle::Service => {
            context.metrics.messages_unread.with_label_values(&[kind]).inc();
            if matches!(kind, "successful_payment" | "refunded_payment") {
                tracing::warn!(update.id = update.0, kind, "a payment is not in Stars or cannot be read");
            }
        }
        Idle::Incomplete => {
            context.metrics.messages_unread.with_label_values(&["other"]).inc();
            tracing::warn!(update.id = update.0, kind, "the update {update} does not tell where it belongs");
        }
        Idle::Blank | Idle::Unhandled | Idle::NotAddressed | Idle::NoAccount => {}
    }
    tracing::debug!(update.id = update.0, kind, why = why.name(), "an update asks for nothing");
    mark_handled(context, update);
}

/// A message goes to the session, which begins to fetch what it needs.
fn prompt(context: &Arc<BotContext>, incoming: Incoming) {
    context.metrics.messages_received.with_label_values(&[incoming.chat.kind.name()]).inc();
    let incoming = Box::new(normalize(incoming));
    let came = queue::window_begins(context.arrivals.time(incoming.update), context.batch_window);
    post(context, incoming.update, incoming.key, SessionInput::Message(incoming, came));
}

/// A tap goes to the session of the person who tapped: only one's own answer can be stopped. What is bought is bought
/// by the one who tapped, too.
fn tapped(context: &Arc<BotContext>, tapped: ButtonPress) {
    if let Some(ButtonAction::DeleteTopics(id)) = keyboards::read(&tapped.data) {
        let task = topics::tapped(context.clone(), tapped, id);
        context.life.spawn("topics", async move { finish(task.await) });
        return;
    }
    let ButtonPress { update, callback, header, language, data } = tapped;
    match (header, keyboards::read(&data)) {
        (Some(header), Some(ButtonAction::Stop(turn))) => {
            let by = StopSource::Button { turn, callback, language };
            post(context, update, header.key, SessionInput::Stop(Box::new(StopRequest { update, by })));
        }
        (Some(header), Some(ButtonAction::Buy(stars))) => {
            answer_tap(context, callback, None);
            spawn(context, move |context, header| pay::offer(context, header, stars), header);
        }
        (Some(header), Some(ButtonAction::BuyCustom)) => {
            answer_tap(context, callback, None);
            spawn(context, pay::ask_amount, header);
        }
        (who, known) => {
            if known.is_none_or(|known| known == ButtonAction::Former) {
                let key = who.map(|who| who.key);
                let (chat, user) = (key.map(|key| key.chat.0), key.map(|key| key.user.0));
                let update = update.0;
                tracing::warn!(
                    update.id = update,
                    chat.id = chat,
                    user.id = user,
                    "a tap on no button of ours"
                );
            }
            answer_tap(context, callback, known.map(|_| text::old_button(language)));
            mark_handled(context, update);
        }
    }
}

/// Handles an update about a payment, beside everything else.
pub fn payment(context: &Arc<BotContext>, event: PaymentEvent) {
    let task = checkout::handle(context.clone(), event);
    context.life.spawn("payment", async move { finish(task.await) });
}

/// Ends the waiting mark of a tapped button, beside everything else. Nothing is lost if that fails: the mark ends by
/// itself.
pub fn answer_tap(context: &BotContext, callback: String, text: Option<String>) {
    let api = context.screen.api.clone();
    context.life.spawn("tap", async move {
        let method = AnswerCallbackQuery { callback_query_id: &callback, text };
        if let Err(error) = api.call(&method).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a tap was not answered");
        }
    });
}

/// Remembers whether a person takes messages.
fn membership(context: &Arc<BotContext>, news: Membership) {
    let task = context.clone();
    context.life.spawn("membership", async move {
        let Membership { update, user, blocked, date } = news;
        let (db, abort) = (&task.db, &task.life.abort);
        let remember = || people::set_blocked(db, update, user, blocked, date);
        finish(db.persist("people::set_blocked", abort, remember).await);
    });
}

/// Ticks an update off that has no lasting effect.
fn mark_handled(context: &Arc<BotContext>, update: UpdateId) {
    let task = context.clone();
    context.life.spawn("tick off", async move {
        let (db, abort) = (&task.db, &task.life.abort);
        finish(db.persist("intake::mark_handled", abort, || intake::mark_handled(db, update)).await);
    });
}

/// Posts a letter to a thread's session, waking one if nobody is awake. Behind updates that have to wait it waits too,
/// but for a turn that was left open: that is older than all of them, and the sweep finds it again.
pub fn post(context: &Arc<BotContext>, update: UpdateId, key: ThreadKey, input: SessionInput) {
    let resumes = matches!(input, SessionInput::Resume(..));
    if !resumes && context.deferred.is_behind(key, update) {
        return defer(context, update, key);
    }
    match context.mailboxes.post(key, input) {
        PostResult::Delivered => {}
        PostResult::Wake(mailbox) => {
            context.life.spawn("session", session::run(context.clone(), key, mailbox));
        }
        PostResult::Full if resumes => {}
        PostResult::Full => defer(context, update, key),
    }
}

fn defer(context: &BotContext, update: UpdateId, key: ThreadKey) {
    if context.deferred.put(key, update) {
        context.metrics.updates_deferred.inc();
    }
}

/// Answers an envelope with a sentence in the sender's language and ticks its update off, in one transaction.
///
/// # Errors
/// When the service is shutting down, or for a fault that waiting cannot heal.
pub async fn reply(
    context: &BotContext,
    header: &MessageHeader,
    sentence: impl Fn(Language, &KnownUser) -> String,
) -> Result<(), DbError> {
    let language = header.language();
    let owed = |known: &KnownUser| answer_to(header, RichText::plain(sentence(language, known)));
    let answer = || intake::answer_command(&context.books, header.caller(), owed);
    carry_out(context, "intake::answer_command", answer).await
}

/// Carries out what an update asks for and delivers what is owed then.
///
/// # Errors
/// As for [`reply`].
async fn carry_out<F>(
    context: &BotContext,
    at: &'static str,
    operation: impl Fn() -> F,
) -> Result<(), DbError>
where
    F: Future<Output = Result<Vec<(OutboxId, OutboxMessage)>, DbError>>,
{
    let owed = context.db.persist(at, &context.life.abort, operation).await?;
    context.courier().deliver(owed);
    Ok(())
}

/// The message that answers an update.
fn answer_to(header: &MessageHeader, text: RichText) -> OutboxMessage {
    let private = header.chat.kind == ChatKind::Private;
    let key = format!("update:{}", header.update);
    OutboxMessage {
        reply_to: (!private).then_some(header.message),
        after: Some(header.message),
        ..OutboxMessage::new(key, header.key.chat, header.key.topic, text.into_wire())
    }
}

async fn unreadable(context: Arc<BotContext>, header: MessageHeader, why: Unreadable) -> Result<(), DbError> {
    reply(&context, &header, |language, _| text::unreadable(language, why)).await
}

/// Tells that a message without words is not answered, because its file could not be fetched.
///
/// # Errors
/// As for [`reply`].
pub async fn not_fetched(context: &BotContext, incoming: Incoming) -> Result<(), DbError> {
    let readable = || incoming.attachment.as_ref().and_then(|file| attachments::readable(file).err());
    let why = if incoming.fetched == Retrieval::Failed { None } else { readable() };
    reply(context, &incoming.into(), |language, _| match why {
        Some(why) => text::unreadable(language, why),
        None => text::not_fetched(language),
    })
    .await
}

/// Runs a handler in a task of its own.
fn spawn<F>(
    context: &Arc<BotContext>,
    handler: impl FnOnce(Arc<BotContext>, MessageHeader) -> F,
    header: MessageHeader,
) where
    F: Future<Output = Result<(), DbError>> + Send + 'static,
{
    let task = handler(context.clone(), header);
    context.life.spawn("handler", async move { finish(task.await) });
}

fn finish(result: Result<(), DbError>) {
    if let Err(error) = result {
        // The update stays in the inbox for the next start.
        tracing::error!(error = &error as &dyn std::error::Error, "a handler failed");
    }
}
